import { expect, test } from '@jest/globals'
import { createHousekeeping } from '../../../src/core/pre-refresh/housekeeping.ts'

const HOUR = 3_600_000
const NOW = 1_764_000_000_000

test('at each tick what could not be written is tried again; once an hour everything that is a day old goes', async () => {
  let elapsed = 5
  let retries = 0
  const pruned: [string, number][] = []
  const housekeep = createHousekeeping({
    retryUnsaved: async () => void retries++,
    chores: [
      async (before) => void pruned.push(['one', before]),
      // Its fault is not the other's.
      async () => Promise.reject(new Error('down')),
      async (before) => void pruned.push(['another', before]),
    ],
    now: () => NOW + elapsed,
    elapsed: () => elapsed,
  })
  await housekeep()
  elapsed += HOUR - 1
  await housekeep()
  elapsed += 1
  await housekeep()
  expect(retries).toBe(3)
  expect(pruned).toEqual([
    ['one', NOW + 5 - 24 * HOUR],
    ['another', NOW + 5 - 24 * HOUR],
    ['one', NOW + 5 + HOUR - 24 * HOUR],
    ['another', NOW + 5 + HOUR - 24 * HOUR],
  ])
})
