import { expect, test } from '@jest/globals'
import { fitnessOf, type Fitness } from '../../../src/core/request/fitness.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const THRESHOLD = 10 * MINUTE

/** Of a token of so long a life, after so long, for a caller who needs so much of it; all in milliseconds. */
test.each<[string, number, number, number, Fitness]>([
  ['new', HOUR, 0, 0, 'fresh'],
  ['before the threshold', HOUR, 50 * MINUTE - 1, 0, 'fresh'],
  ['at the threshold', HOUR, 50 * MINUTE, 0, 'stale'],
  ['before the end', HOUR, HOUR - 1, 0, 'stale'],
  ['at the end', HOUR, HOUR, 0, 'expired'],
  ['of a short life, in its first half', 10 * MINUTE, 5 * MINUTE - 1, 0, 'fresh'],
  ['of a short life, in its second half', 10 * MINUTE, 5 * MINUTE, 0, 'stale'],
  ['with as much as is needed', HOUR, 20 * MINUTE - 1, 40 * MINUTE, 'fresh'],
  ['with less than is needed', HOUR, 20 * MINUTE, 40 * MINUTE, 'stale'],
  ['with as much as is needed, but due', HOUR, 50 * MINUTE, 10 * MINUTE - 1, 'stale'],
  ['that never had as much as is needed', HOUR, 20 * MINUTE, HOUR + 1, 'too_short'],
  ['that just had as much as is needed', HOUR, 20 * MINUTE, HOUR, 'stale'],
  [
    'that never had as much as is needed, but is due: a new one may live longer',
    HOUR,
    50 * MINUTE,
    HOUR + 1,
    'stale',
  ],
  ['of 30 s, too short for what it had', HOUR, 29_999, HOUR, 'too_short'],
  ['of 30 s and more', HOUR, 30_000, HOUR, 'stale'],
  ['of a quarter of a short life, too short', MINUTE, 14_999, MINUTE, 'too_short'],
  ['of more than a quarter of a short life', MINUTE, 15_000, MINUTE, 'stale'],
])('a token %s', (_, lifetimeInMs, ageInMs, minValidInMs, expected) => {
  const token = { value: 't', acquiredOnTimestamp: 1_000, expiresOnTimestamp: 1_000 + lifetimeInMs }
  expect(fitnessOf(token, { minValidInMs }, 1_000 + ageInMs, THRESHOLD)).toBe(expected)
})

test('a token that ends before it began lives for no time', () => {
  const token = { value: 't', acquiredOnTimestamp: 2_000, expiresOnTimestamp: 1_000 }
  expect([
    fitnessOf(token, { minValidInMs: 0 }, 999, THRESHOLD),
    fitnessOf(token, { minValidInMs: 0 }, 1_000, THRESHOLD),
  ]).toEqual(['fresh', 'expired'])
})
