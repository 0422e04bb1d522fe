import { expect, test } from '@jest/globals'
import { freshnessOf } from '../../src/core/access-token.ts'

const EXPIRES = 1_000_000
const token = { value: 't', acquiredOnTimestamp: 0, expiresOnTimestamp: EXPIRES }

test.each([
  ['long before the window', EXPIRES - 600_001, 600_000, 'fresh'],
  ['at the window', EXPIRES - 600_000, 600_000, 'stale'],
  ['a millisecond before the end', EXPIRES - 1, 600_000, 'stale'],
  ['at the end', EXPIRES, 600_000, 'expired'],
  ['after the end', EXPIRES + 1, 600_000, 'expired'],
  ['a millisecond before the end, without a window', EXPIRES - 1, 0, 'fresh'],
  ['at the end, without a window', EXPIRES, 0, 'expired'],
])('%s', (_, now, windowInMs, expected) => {
  expect(freshnessOf(token, now, windowInMs)).toBe(expected)
})
