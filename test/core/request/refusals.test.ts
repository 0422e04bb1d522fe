import { describe, expect, test } from '@jest/globals'
import type { ProviderFailure } from '../../../src/core/provider/provider-failure.ts'
import {
  isSpent,
  NO_REFUSALS,
  verdictOn,
  withOutcome,
  withReservation,
  type Refusals,
} from '../../../src/core/request/refusals.ts'
import { refusalOf } from '../../support/memory-core.ts'

const NOW = 1_764_000_000_000
const LIMITS = { maxRefusedPasswords: 3, refusalWindowInMs: 600_000, reservationInMs: 19_000 }
const REFUSED = refusalOf({})
const LOST = refusalOf({ category: 'temporarily_unavailable', scope: 'service', judgement: 'unknown' })
const NOT_ASKED = refusalOf({
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'not_judged',
})
const LOCKED = refusalOf({ category: 'account_locked' })
const MFA = refusalOf({ category: 'interaction_required', aadsts: 50076 })

const verdict = (refusals: Refusals, digest: string, now = NOW, hasPlace = false) =>
  verdictOn(refusals, digest, { now, limits: LIMITS, hasPlace })
const reserved = (refusals: Refusals, digest: string, now = NOW) =>
  withReservation(refusals, { digest, id: `id of ${digest}` }, now, LIMITS)
const asked = (refusals: Refusals, digest: string, outcome: 'accepted' | ProviderFailure, now = NOW) =>
  withOutcome(reserved(refusals, digest, now), `id of ${digest}`, outcome, now, LIMITS)
const refusedAll = (digests: string[], now = NOW) =>
  digests.reduce((refusals, digest) => asked(refusals, digest, REFUSED, now), NO_REFUSALS)

test('nobody was refused: any password is free', () => {
  expect(verdict(NO_REFUSALS, 'a')).toEqual({ kind: 'free' })
  expect(isSpent(NO_REFUSALS, NOW)).toBe(true)
})

describe('a refused password', () => {
  const refusals = refusedAll(['a'])

  test.each([
    ['at once', 0, { kind: 'refused', since: NOW, retryAfterInMs: 600_000 }],
    ['a millisecond before its window ends', 599_999, { kind: 'refused', since: NOW, retryAfterInMs: 1 }],
    ['when its window ends', 600_000, { kind: 'free' }],
  ])('%s', (_, afterInMs, expected) => {
    expect(verdict(refusals, 'a', NOW + afterInMs)).toEqual(expected)
  })

  test('is refused even if it was accepted before: who is asked decides', () => {
    expect(verdict(refusals, 'a', NOW, true)).toMatchObject({ kind: 'refused' })
  })

  test('leaves two places for others', () => {
    expect(verdict(refusals, 'b')).toEqual({ kind: 'free' })
    expect(verdict(refusedAll(['a', 'b']), 'c')).toEqual({ kind: 'free' })
    expect(verdict(refusedAll(['a', 'b', 'c']), 'd')).toEqual({ kind: 'full', retryAfterInMs: 600_000 })
  })
})

test('a password that was accepted before needs no free place', () => {
  expect(verdict(refusedAll(['a', 'b', 'c']), 'd', NOW, true)).toEqual({ kind: 'free' })
})

test('a place is free again when the oldest of them ends', () => {
  const refusals = ['a', 'b', 'c'].reduce(
    (before, digest, n) => asked(before, digest, REFUSED, NOW + n * 1000),
    NO_REFUSALS,
  )
  expect(verdict(refusals, 'd', NOW + 2000)).toEqual({ kind: 'full', retryAfterInMs: 598_000 })
  expect(verdict(refusals, 'd', NOW + 599_999)).toEqual({ kind: 'full', retryAfterInMs: 1 })
  expect(verdict(refusals, 'd', NOW + 600_000)).toEqual({ kind: 'free' })
})

test('each full window doubles the next, up to two hours, until a password is accepted', () => {
  let refusals = NO_REFUSALS
  let now = NOW
  const windowsInSeconds: number[] = []
  for (let round = 0; round < 6; round++) {
    for (const digest of ['a', 'b', 'c']) refusals = asked(refusals, digest, REFUSED, now)
    const full = verdict(refusals, 'd', now)
    const timeInMs = full.kind === 'full' ? full.retryAfterInMs : 0
    windowsInSeconds.push(timeInMs / 1000)
    now += timeInMs
  }
  expect(windowsInSeconds).toEqual([600, 1200, 2400, 4800, 7200, 7200])
  refusals = asked(refusals, 'right', 'accepted', now)
  expect(refusals).toEqual(NO_REFUSALS)
})

test('a fourth refusal, of a password that was accepted before, does not count as another full window', () => {
  const refusals = asked(refusedAll(['a', 'b', 'c']), 'd', REFUSED)
  expect(refusals.fullWindows).toBe(1)
})

test('a window is not full of answers that were lost, nor of what an accepted password has freed', () => {
  const lost = ['a', 'b'].reduce((before, digest) => asked(before, digest, LOST), NO_REFUSALS)
  expect(asked(lost, 'c', REFUSED).fullWindows).toBe(0)
  const freed = asked(refusedAll(['a', 'b']), 'right', 'accepted')
  expect(asked(freed, 'c', REFUSED).fullWindows).toBe(0)
})

test('an accepted password frees the places, and what was refused stays refused', () => {
  const refusals = asked(refusedAll(['a', 'b', 'c']), 'right', 'accepted')
  expect(verdict(refusals, 'a')).toMatchObject({ kind: 'refused' })
  expect(verdict(refusals, 'd')).toEqual({ kind: 'free' })
  expect(refusals).toMatchObject({ fullWindows: 0, lockedUntilTimestamp: 0 })
})

test('an accepted password does not free the place of one that is being asked', () => {
  const busy = ['x', 'y', 'z'].reduce((before, digest) => reserved(before, digest), NO_REFUSALS)
  const refusals = asked(busy, 'right', 'accepted')
  expect(verdict(refusals, 'd')).toEqual({ kind: 'lost', retryAfterInMs: 2_000 })
})

describe('the account is locked', () => {
  test.each([
    ['for as long as it says', { ...LOCKED, retryAfterInMs: 90_000 }, 90_000],
    ['for a minute, when it does not say', LOCKED, 60_000],
  ])('%s', (_, outcome, lockInMs) => {
    const refusals = asked(NO_REFUSALS, 'a', outcome)
    expect(verdict(refusals, 'a')).toEqual({ kind: 'locked', retryAfterInMs: lockInMs })
    expect(verdict(refusals, 'b', NOW, true)).toEqual({ kind: 'locked', retryAfterInMs: lockInMs })
    expect(verdict(refusals, 'a', NOW + lockInMs - 1)).toEqual({ kind: 'locked', retryAfterInMs: 1 })
    expect(verdict(refusals, 'a', NOW + lockInMs)).toEqual({ kind: 'free' })
  })

  test('each further lock doubles, up to the window', () => {
    let refusals = NO_REFUSALS
    let now = NOW
    const locksInSeconds = Array.from({ length: 6 }, () => {
      refusals = asked(refusals, 'a', LOCKED, now)
      now = refusals.lockedUntilTimestamp
      return refusals.lockInMs / 1000
    })
    expect(locksInSeconds).toEqual([60, 120, 240, 480, 600, 600])
  })

  test('what is known to be refused is told so all the same', () => {
    expect(verdict(asked(refusedAll(['a']), 'b', LOCKED), 'a')).toMatchObject({ kind: 'refused' })
  })
})

test('a judgement about the account is repeated for 30 s, and holds no place', () => {
  const refusals = asked(refusedAll(['a', 'b']), 'c', MFA)
  expect(verdict(refusals, 'c', NOW + 29_999)).toEqual({
    kind: 'judged',
    category: 'interaction_required',
    aadsts: 50076,
  })
  expect(verdict(refusals, 'c', NOW + 30_000)).toEqual({ kind: 'free' })
  expect(verdict(refusals, 'd')).toEqual({ kind: 'free' })
})

test('what the identity provider never judged gives its place back', () => {
  expect(asked(NO_REFUSALS, 'a', NOT_ASKED)).toEqual(NO_REFUSALS)
})

describe('an answer that was lost', () => {
  test('keeps its place, and is asked again in it after 30 s, then 1, 2 and 4 min', () => {
    let refusals = NO_REFUSALS
    let now = NOW
    const pausesInSeconds = Array.from({ length: 5 }, () => {
      refusals = asked(refusals, 'a', LOST, now)
      const lost = verdict(refusals, 'a', now)
      const timeInMs = lost.kind === 'lost' ? lost.retryAfterInMs : 0
      now += timeInMs
      expect(verdict(refusals, 'a', now - 1)).toEqual({ kind: 'lost', retryAfterInMs: 1 })
      expect(verdict(refusals, 'a', now)).toEqual({ kind: 'free' })
      return timeInMs / 1000
    })
    expect(pausesInSeconds).toEqual([30, 60, 120, 240, 240])
    expect(refusals.tries).toHaveLength(1)
  })

  test('is a state of its own in the row, and counts for its password alone', () => {
    const refusals = reserved(asked(NO_REFUSALS, 'a', LOST), 'b')
    expect(refusals.tries.map(({ digest, state, losses }) => [digest, state, losses])).toEqual([
      ['a', 'unknown', 1],
      ['b', 'reserved', 0],
    ])
  })

  test('three of them shut nobody out for good: that is an outage, not a lock', () => {
    const refusals = ['a', 'b', 'c'].reduce((before, digest) => asked(before, digest, LOST), NO_REFUSALS)
    expect(verdict(refusals, 'd')).toEqual({ kind: 'lost', retryAfterInMs: 600_000 })
    expect(verdict(asked(refusedAll(['a', 'b']), 'c', LOST), 'd')).toMatchObject({ kind: 'full' })
  })
})

describe('a reservation', () => {
  const refusals = reserved(NO_REFUSALS, 'a')

  test.each([
    ['is being asked', 18_999, { kind: 'being_asked' }],
    ['has lost its maker when it is older than a lease', 19_000, { kind: 'lost', retryAfterInMs: 11_000 }],
    ['is asked again 30 s after it was made', 30_000, { kind: 'free' }],
  ])('%s', (_, afterInMs, expected) => {
    expect(verdict(refusals, 'a', NOW + afterInMs)).toEqual(expected)
  })

  test('of a maker who died keeps its place for the window', () => {
    const three = ['a', 'b', 'c'].reduce((before, digest) => reserved(before, digest), NO_REFUSALS)
    expect(verdict(three, 'd', NOW + 18_999)).toEqual({ kind: 'lost', retryAfterInMs: 2_000 })
    expect(verdict(three, 'd', NOW + 599_999)).toEqual({ kind: 'lost', retryAfterInMs: 1 })
    expect(verdict(three, 'd', NOW + 600_000)).toEqual({ kind: 'free' })
  })

  test.each([
    ['of a minute ahead is believed', 60_000, 'being_asked'],
    ['of more than a minute ahead was dated by a wrong clock', 60_001, 'free'],
  ])('%s', (_, aheadInMs, kind) => {
    expect(verdict(reserved(NO_REFUSALS, 'a', NOW + aheadInMs), 'a').kind).toBe(kind)
  })
})

test('an outcome that is told twice counts once', () => {
  const once = asked(refusedAll(['a', 'b']), 'c', REFUSED)
  expect(withOutcome(once, 'id of c', REFUSED, NOW + 5, LIMITS)).toEqual(once)
})

test('an outcome of a reservation that is not there any more changes nothing, but a lock does', () => {
  const refusals = refusedAll(['a'])
  expect(withOutcome(refusals, 'another', REFUSED, NOW, LIMITS)).toEqual(refusals)
  expect(withOutcome(refusals, 'another', LOCKED, NOW, LIMITS)).toMatchObject({
    lockedUntilTimestamp: NOW + 60_000,
  })
})

test('a row is spent when nothing in it matters any more', () => {
  expect(isSpent(refusedAll(['a']), NOW + 599_999)).toBe(false)
  expect(isSpent(refusedAll(['a']), NOW + 600_000)).toBe(true)
  // A full window is remembered: it doubles the next.
  expect(isSpent(refusedAll(['a', 'b', 'c']), NOW + 3_600_000)).toBe(false)
  expect(isSpent(asked(NO_REFUSALS, 'a', LOCKED), NOW + 59_999)).toBe(false)
  expect(isSpent(asked(NO_REFUSALS, 'a', LOCKED), NOW + 60_000)).toBe(true)
})
