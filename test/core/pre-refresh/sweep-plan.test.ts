import { describe, expect, test } from '@jest/globals'
import type { AccessToken } from '../../../src/core/access-token.ts'
import type { ClientProfile } from '../../../src/core/client-profile.ts'
import type { ConnectionEntry, OpenedEntry } from '../../../src/core/entry/token-entry.ts'
import { evictTimestampOf, sweepPlanOf } from '../../../src/core/pre-refresh/sweep-plan.ts'
import { PROFILE } from '../../support/memory-core.ts'

const NOW = 1_764_000_000_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const POLICY = {
  refreshThresholdInMs: 10 * MINUTE,
  passwordMaxAgeInMs: DAY,
  idleEvictionInMs: 7 * DAY,
  idleRenewalInMs: 180 * DAY,
}
const TIMES = { now: NOW, horizonTimestamp: NOW + 2 * MINUTE }
const PROFILE_OF_CONNECTIONS: ClientProfile = {
  ...PROFILE,
  grants: ['authorization_code', 'client_credentials'],
}
const entryOf = (
  fields: Partial<ConnectionEntry> = {},
  marks: Partial<OpenedEntry> = {},
): OpenedEntry<ConnectionEntry> =>
  ({
    entry: {
      renewal: 'refresh_token',
      client: 'default',
      fingerprint: 'f1',
      clientFingerprint: 'c',
      verifiedOnTimestamp: NOW - 300 * DAY,
      serializedCache: '{}',
      ...fields,
    },
    lastUsedTimestamp: NOW - HOUR,
    leasedUntilTimestamp: 0,
    failures: 0,
    etag: 'e',
    ...marks,
  }) as OpenedEntry<ConnectionEntry>
/** Of an hour, with so much left. */
const tokenWith = (leftInMs: number): AccessToken => ({
  value: 't',
  acquiredOnTimestamp: NOW + leftInMs - HOUR,
  expiresOnTimestamp: NOW + leftInMs,
})
const acquiredBefore = (timeInMs: number): AccessToken => ({
  value: 't',
  acquiredOnTimestamp: NOW - timeInMs,
  expiresOnTimestamp: NOW - timeInMs + HOUR,
})
const DUE = tokenWith(10 * MINUTE)
const planOf = (
  opened: OpenedEntry,
  token: AccessToken | undefined = DUE,
  profile: ClientProfile | undefined = PROFILE_OF_CONNECTIONS,
) => sweepPlanOf(opened, profile, token, TIMES, POLICY)

const refresh = { kind: 'refresh', profile: PROFILE_OF_CONNECTIONS }
const postponed = (inMs: number) => ({ kind: 'postpone', dueTimestamp: NOW + inMs })

test('a connection is never evicted, however long nobody used it', () => {
  expect(evictTimestampOf(entryOf({}, { lastUsedTimestamp: 0 }), POLICY)).toBe(Infinity)
})

describe('the entry of a connection', () => {
  test.each([
    ['a token that is due', tokenWith(10 * MINUTE), refresh],
    ['a token that is due before the horizon', tokenWith(12 * MINUTE), refresh],
    ['a token that is due after it', tokenWith(12 * MINUTE + 1), postponed(2 * MINUTE + 1)],
    ['an expired token', tokenWith(-DAY), refresh],
    ['no token that could be read', undefined, refresh],
  ])('with %s, whatever the age of the sign-in', (_, token, plan) => {
    expect(sweepPlanOf(entryOf(), PROFILE_OF_CONNECTIONS, token, TIMES, POLICY)).toEqual(plan)
    expect(
      sweepPlanOf(entryOf({ renewal: 'ask_again' }), PROFILE_OF_CONNECTIONS, token, TIMES, POLICY),
    ).toEqual(plan)
  })

  test('with a token of other scopes is refreshed now', () => {
    expect(planOf(entryOf({ fingerprint: 'other scopes' }), tokenWith(HOUR))).toEqual(refresh)
  })

  test.each([
    ['without its profile', entryOf(), undefined],
    ['of another client', entryOf({ clientFingerprint: 'other' }), PROFILE_OF_CONNECTIONS],
    ['whose profile allows passwords alone', entryOf(), { ...PROFILE, grants: [] }],
    [
      'of a person, whose profile allows applications alone',
      entryOf(),
      { ...PROFILE, grants: ['client_credentials' as const] },
    ],
    [
      'of an application, whose profile allows persons alone',
      entryOf({ renewal: 'ask_again' }),
      { ...PROFILE, grants: ['authorization_code' as const] },
    ],
  ])('%s stays, and is looked at again in a day', (_, opened, profile) => {
    expect(sweepPlanOf(opened, profile, DUE, TIMES, POLICY)).toEqual(postponed(DAY))
  })

  test.each([
    ['a moment ago', 0, postponed(DAY)],
    ['not quite a day ago', DAY - 1, postponed(1)],
    ['a day ago', DAY, refresh],
  ])('whose grant is dead, and was tried %s', (_, agoInMs, plan) => {
    const dead = { sinceTimestamp: NOW - 30 * DAY, triedOnTimestamp: NOW - agoInMs, aadsts: 50173 }
    expect(planOf(entryOf({}, { dead }))).toEqual(plan)
  })
})

describe('a connection that nobody uses', () => {
  const unused = (days: number, renewal: ConnectionEntry['renewal'] = 'refresh_token') =>
    entryOf({ renewal }, { lastUsedTimestamp: NOW - days * DAY })

  test('for not quite a week is refreshed as ever', () => {
    expect(planOf(entryOf({}, { lastUsedTimestamp: NOW - 7 * DAY + 1 }))).toEqual(refresh)
  })

  test.each([
    [0.1, postponed(6.9 * DAY)],
    [6, postponed(DAY)],
    [7, refresh],
    [60, refresh],
  ])('for a week keeps its refresh token alive once a week: renewed %s days ago', (days, plan) => {
    expect(planOf(unused(7), acquiredBefore(days * DAY))).toEqual(plan)
  })

  test.each([
    [179, refresh],
    [180, { kind: 'leave' }],
  ])('for %s days', (days, plan) => {
    expect(planOf(unused(days), acquiredBefore(8 * DAY))).toEqual(plan)
  })

  test('of an application has nothing to keep alive', () => {
    expect(planOf(unused(7, 'ask_again'), acquiredBefore(8 * DAY))).toEqual({ kind: 'leave' })
  })
})
