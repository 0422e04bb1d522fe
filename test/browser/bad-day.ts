import type { FailureJson, StatusJson, StretchJson, UnavailableJson } from '../../src/http/status-json.ts'

const CLIENT = `a-client-profile-of-${'many-'.repeat(9)}letters`
const REMEDY =
  'Do this, and that, and look at https://login.microsoftonline.com/error?code=99999999&of=a-long-address as well.'

const failures = Array.from({ length: 12 }, (_, n): FailureJson => ({
  of: 'refreshes',
  cause: `RestError 403 AuthorizationPermissionMismatch${n}`,
  aadsts: null,
  count: 123_456,
  last_seen: '2025-11-23T01:00:00.000Z',
  description: 'What happened.',
  remedy: REMEDY,
}))

const stretches = Array.from({ length: 36 }, (_, n): StretchJson => ({
  from: new Date(1_764_000_000_000 + n * 600_000).toISOString(),
  hits: n * 1_000_000,
  from_entra: 3,
  refused: n,
  failed: 40 - n,
  provider_calls: 9,
  ticks: n % 3,
  refreshed: 1,
  oldest_lag_ms: n * 9000,
}))

/** Everything at its longest, and everything that can be missing. */
export const BAD_DAY: StatusJson = {
  generated_on: '2025-11-24T22:00:00.000Z',
  dependencies: [
    { name: 'key_vault', state: 'misconfigured', remedy: REMEDY },
    { name: 'tables', state: 'unavailable', remedy: REMEDY },
    { name: 'a_new_one', state: 'ok' },
  ],
  problems: ['client-default: version 0123456789abcdef0123456789abcdef is malformed (tenantId)'],
  entries: {
    read: 2000,
    is_cut: true,
    unreadable: 1234,
    expired: 321,
    failing: 99,
    step_minutes: 10,
    by_time_to_expiry: [1, 20, 300, 4000, 5, 6, 7, 8, 9, 10],
    on_passwords: {
      count: 1999,
      by_client: { [CLIENT]: 1998, other: 1 },
      shown: Array.from({ length: 100 }, () => ({
        user_hash: 'W'.repeat(43),
        client: CLIENT,
        last_used: '2025-11-20T10:00:00.000Z',
        password_accepted_on: '2025-11-19T09:00:00.000Z',
      })),
    },
  },
  connections: {
    read: 2000,
    is_cut: true,
    by_state: { connected: 1990, pending: 3, reconnect_required: 6, unreadable: 1 },
    concerns: (['dead', 'dying', 'never_connected'] as const).map((concern) => ({
      name: `a-connection-with-the-longest-name-that-is-allowed-${concern}`.slice(0, 63).replaceAll('_', '-'),
      client: CLIENT,
      concern,
      since: '2025-11-20T10:00:00.000Z',
      aadsts: concern === 'dead' ? 7000222 : null,
      remedy: REMEDY,
    })),
  },
  activity: {
    hours: 6,
    stretch_minutes: 10,
    instances: 40,
    lost_minutes: 17,
    is_cut: true,
    last_tick: null,
    stretches,
    totals: { hits: 630_000_000, from_entra: 108, refused: 630, failed: 810, provider_calls: 324 },
    actions: {},
    warnings: { token_store_unavailable: 12_345, refusals_not_shared: 2 },
    sweeps: {
      ticks: 12,
      failed_ticks: 345,
      chunks: 6,
      due: 1_234_567,
      queued: 8,
      refreshed: 9,
      dropped: 10,
      passed: 11,
      failed: 12,
      left: 13,
      oldest_lag_ms: 315_000,
      longest_tick_ms: 240_000,
    },
    failures,
  },
}

export const UNAVAILABLE: UnavailableJson = {
  error: 'temporarily_unavailable',
  description: 'It could not be read.',
  remedy: REMEDY,
}
