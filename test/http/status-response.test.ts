import { expect, test } from '@jest/globals'
import type { ConnectionSurvey } from '../../src/core/connection/connection-survey.ts'
import { HttpRequest } from '@azure/functions'
import { BrokerError } from '../../src/core/broker-error.ts'
import { NO_COUNTS } from '../../src/core/activity/activity-counts.ts'
import { rangeOf, statusJsonOf, SURVEY_LIMITS } from '../../src/http/status-response.ts'
import { statusPageResponse } from '../../src/http/status-page.ts'

const NOW = Date.parse('2026-01-15T10:00:00Z')
const RANGE = { rangeInMs: 21_600_000, stretchInMs: 600_000 }
const request = (query: string) =>
  new HttpRequest({
    method: 'GET',
    url: `http://localhost/status/data${query}`,
    query: Object.fromEntries(new URLSearchParams(query)),
  })

test.each([
  ['', { rangeInMs: 21_600_000, stretchInMs: 600_000 }],
  ['?hours=1', { rangeInMs: 3_600_000, stretchInMs: 60_000 }],
  ['?hours=6', { rangeInMs: 21_600_000, stretchInMs: 600_000 }],
  ['?hours=24', { rangeInMs: 86_400_000, stretchInMs: 1_800_000 }],
])('the range of "%s"', (query, range) => {
  expect(rangeOf(request(query))).toEqual(range)
})

test.each(['?hours=', '?hours=2', '?hours=01', '?hours=toString', '?hours=-1'])(
  '"%s" is no range',
  (query) => {
    expect(() => rangeOf(request(query))).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        details: expect.objectContaining({
          description: 'hours must be 1, 6 or 24.',
          remedy: 'Leave it out, or correct it.',
        }),
      }),
    )
  },
)

test('entries are looked at in steps of ten minutes, 2,000 at most', () => {
  expect(SURVEY_LIMITS).toEqual({ maxEntries: 2000, maxShown: 100, stepInMs: 600_000, steps: 10 })
})

const READY = { isReady: true, checks: {}, details: [], problems: [] }
const SURVEY = {
  read: 7,
  isCut: true,
  unreadable: 1,
  expired: 2,
  failing: 3,
  byTimeToExpiry: [1, 0, 4],
  passwordsByClient: { default: 4, other: 2 },
  onPasswords: [
    {
      userHash: 'hash',
      client: 'default',
      lastUsedTimestamp: NOW - 60_000,
      verifiedOnTimestamp: NOW - 120_000,
      failures: 0,
    },
    { userHash: 'unreadable', lastUsedTimestamp: NOW, failures: 0 },
  ],
}
const COUNTS = {
  ...NO_COUNTS,
  actions: { 'returned existing token': 9 },
  sources: { memory: 5, store: 4, identity_provider: 3 },
  errors: { 'invalid_credentials 50126': 6, misconfigured: 2, account_locked: 1 },
  warnings: { token_not_stored: 1 },
  providerCalls: 8,
  sweeps: {
    ticks: 10,
    failed_ticks: 1,
    chunks: 2,
    due: 30,
    queued: 4,
    refreshed: 20,
    dropped: 5,
    passed: 6,
    left: 7,
  },
  sweepFailures: { held_back: 3, dead_grant: 1 },
  oldestLagMs: 4000,
  longestTickMs: 900,
}
const HISTORY = {
  instances: 2,
  lostMinutes: 1,
  isCut: false,
  lastTickTimestamp: NOW - 30_000,
  stretches: [
    { fromTimestamp: NOW - 600_000, counts: COUNTS },
    { fromTimestamp: NOW, counts: NO_COUNTS },
  ],
  totals: COUNTS,
  lastSeenTimestamps: {
    errors: {
      'invalid_credentials 50126': NOW - 1000,
      misconfigured: NOW - 2000,
      account_locked: NOW - 3000,
    },
    sweepFailures: { held_back: NOW - 4000, dead_grant: NOW - 5000 },
  },
}
const FIGURES = { hits: 9, from_entra: 3, refused: 7, failed: 2, provider_calls: 8 }

const CONNECTIONS: ConnectionSurvey = {
  read: 9,
  isCut: true,
  byState: { connected: 6, reconnect_required: 3 },
  concerns: [
    { name: 'crm-sync', client: 'crm', kind: 'dead', timestamp: NOW - 1000, aadsts: 50173 },
    { name: 'old', client: 'crm', kind: 'dying', timestamp: NOW + 86_400_000 },
    { name: 'new', client: 'crm', kind: 'never_connected', timestamp: NOW - 86_400_000 },
  ],
}

test('a status with everything in it', () => {
  const { dependencies, entries, connections, activity, ...rest } = statusJsonOf(
    {
      readiness: { ...READY, problems: ['REFRESH_SCHEDULE is missing'] },
      survey: SURVEY,
      connections: CONNECTIONS,
      history: HISTORY,
    },
    RANGE,
    NOW,
  )
  expect(connections).toEqual({
    read: 9,
    is_cut: true,
    by_state: { connected: 6, reconnect_required: 3 },
    concerns: [
      {
        name: 'crm-sync',
        client: 'crm',
        concern: 'dead',
        since: '2026-01-15T09:59:59.000Z',
        aadsts: 50173,
        remedy:
          'Its flow gets 403. Send the owner the connect_url of GET /connections/{name}: one sign-in, and the secret stays.',
      },
      {
        name: 'old',
        client: 'crm',
        concern: 'dying',
        since: '2026-01-16T10:00:00.000Z',
        aadsts: null,
        remedy: 'Nobody uses it. Delete it, or have it used: a request renews it.',
      },
      {
        name: 'new',
        client: 'crm',
        concern: 'never_connected',
        since: '2026-01-14T10:00:00.000Z',
        aadsts: null,
        remedy: 'Send the owner the connect_url of GET /connections/{name}, or delete it.',
      },
    ],
  })
  expect(rest).toEqual({
    generated_on: '2026-01-15T10:00:00.000Z',
    problems: ['REFRESH_SCHEDULE is missing'],
  })
  expect(dependencies).toEqual([])
  expect(entries).toEqual({
    read: 7,
    is_cut: true,
    unreadable: 1,
    expired: 2,
    failing: 3,
    step_minutes: 10,
    by_time_to_expiry: [1, 0, 4],
    on_passwords: {
      count: 6,
      by_client: { default: 4, other: 2 },
      shown: [
        {
          user_hash: 'hash',
          client: 'default',
          last_used: '2026-01-15T09:59:00.000Z',
          password_accepted_on: '2026-01-15T09:58:00.000Z',
        },
        {
          user_hash: 'unreadable',
          client: '',
          last_used: '2026-01-15T10:00:00.000Z',
          password_accepted_on: '1970-01-01T00:00:00.000Z',
        },
      ],
    },
  })
  expect(activity).toMatchObject({
    hours: 6,
    stretch_minutes: 10,
    instances: 2,
    lost_minutes: 1,
    is_cut: false,
    last_tick: '2026-01-15T09:59:30.000Z',
    stretches: [
      { from: '2026-01-15T09:50:00.000Z', ...FIGURES, ticks: 10, refreshed: 20, oldest_lag_ms: 4000 },
      {
        from: '2026-01-15T10:00:00.000Z',
        hits: 0,
        from_entra: 0,
        refused: 0,
        failed: 0,
        provider_calls: 0,
        ticks: 0,
        refreshed: 0,
        oldest_lag_ms: 0,
      },
    ],
    totals: FIGURES,
    actions: { 'returned existing token': 9 },
    warnings: { token_not_stored: 1 },
    sweeps: {
      ticks: 10,
      failed_ticks: 1,
      chunks: 2,
      due: 30,
      queued: 4,
      refreshed: 20,
      dropped: 5,
      passed: 6,
      failed: 4,
      left: 7,
      oldest_lag_ms: 4000,
      longest_tick_ms: 900,
    },
    failures: [
      {
        of: 'requests',
        cause: 'invalid_credentials',
        aadsts: 50126,
        count: 6,
        last_seen: '2026-01-15T09:59:59.000Z',
      },
      { of: 'requests', cause: 'misconfigured', aadsts: null, count: 2 },
      { of: 'requests', cause: 'account_locked', aadsts: null, count: 1 },
      { of: 'refreshes', cause: 'held_back', aadsts: null, count: 3, last_seen: '2026-01-15T09:59:56.000Z' },
      { of: 'refreshes', cause: 'dead_grant', aadsts: null, count: 1 },
    ],
  })
})

test('before the first tick there is none', () => {
  const history = { ...HISTORY, lastTickTimestamp: undefined, totals: NO_COUNTS, stretches: [] }
  const { activity } = statusJsonOf(
    { readiness: READY, survey: SURVEY, connections: CONNECTIONS, history },
    RANGE,
    NOW,
  )
  expect(activity).toMatchObject({ last_tick: null, sweeps: { ticks: 0, failed: 0 }, failures: [] })
})

test.each([
  ['key_vault', /^Check that the app may read secrets \(Key Vault Secrets User\)/],
  ['default_client', /^Check the secret client-default: it must be a client profile in JSON\.$/],
  ['tables', /^Check that the data account has all tables/],
  ['queue', /^Check that the data account has the queue refreshchunk/],
  ['settings', /^Correct the app settings; the log names each that is wrong\.$/],
  ['another', /^Search the log for not_ready\.$/],
])('a dependency %s that does not work has a cure, one that works has none', (name, remedy) => {
  const stateOf = (state: string) =>
    statusJsonOf(
      {
        readiness: { ...READY, checks: { [name]: state } },
        survey: SURVEY,
        connections: CONNECTIONS,
        history: HISTORY,
      },
      RANGE,
      NOW,
    ).dependencies
  expect(stateOf('ok')).toEqual([{ name, state: 'ok' }])
  expect(stateOf('unavailable')).toEqual([
    { name, state: 'unavailable', remedy: expect.stringMatching(remedy) },
  ])
})

test.each([
  ['temporarily_unavailable', 'could not be read.'],
  ['deadline_exceeded', 'took too long.'],
] as const)('a part that cannot be had says so: %s', (code, words) => {
  const failed = new BrokerError(code)
  const { entries, connections, activity } = statusJsonOf(
    { readiness: READY, survey: failed, connections: failed, history: failed },
    RANGE,
    NOW,
  )
  const remedyFor = (table: string) =>
    `Check that the data account has the table ${table}, that the app may read it (Storage Table Data Contributor), and that its network lets the app in. The log has the detail.`
  const sentence = (table: string) =>
    code === 'deadline_exceeded' ? `Reading the table ${table} ${words}` : `The table ${table} ${words}`
  expect(entries).toEqual({
    error: code,
    description: sentence('tokencache'),
    remedy: remedyFor('tokencache'),
  })
  expect(activity).toEqual({ error: code, description: sentence('activity'), remedy: remedyFor('activity') })
  expect(connections).toEqual({
    error: code,
    description: sentence('connections'),
    remedy: remedyFor('connections'),
  })
})

test('the page lets nothing in and goes nowhere', () => {
  const { status, headers, body } = statusPageResponse
  const { 'Content-Security-Policy': policy, ...others } = headers as Record<string, string>
  expect(status).toBe(200)
  expect(others).toEqual({
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  })
  expect(
    String(policy)
      .replaceAll(/sha256-[\w+/=]{44}/g, 'HASH')
      .split('; '),
  ).toEqual([
    "default-src 'none'",
    "script-src 'HASH'",
    "style-src 'HASH'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ])
  expect(body).toMatch(/^<!doctype html>/i)
})
