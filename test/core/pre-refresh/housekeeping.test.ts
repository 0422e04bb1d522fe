import { expect, test } from '@jest/globals'
import { createHousekeeping } from '../../../src/core/pre-refresh/housekeeping.ts'

const NOW = 1_764_000_000_000

test('what is unsaved is tried at each tick, refusals a day old are pruned once an hour', async () => {
  let elapsed = 0
  const done: (string | number)[] = []
  const housekeep = createHousekeeping({
    retryUnsaved: async () => void done.push('retry'),
    pruneRefusals: async (beforeTimestamp) => done.push(beforeTimestamp),
    now: () => NOW + elapsed,
    elapsed: () => elapsed,
  })
  const doneAt = async (time: number) => {
    elapsed = time
    done.length = 0
    await housekeep()
    return [...done]
  }
  expect(await doneAt(0)).toEqual(['retry', NOW - 86_400_000])
  expect(await doneAt(3_599_999)).toEqual(['retry'])
  expect(await doneAt(3_600_000)).toEqual(['retry', NOW + 3_600_000 - 86_400_000])
  expect(await doneAt(7_199_999)).toEqual(['retry'])
})

test('a store that fails costs no tick', async () => {
  const housekeep = createHousekeeping({
    retryUnsaved: async () => {},
    pruneRefusals: () => Promise.reject(new Error('down')),
    now: () => NOW,
    elapsed: () => 0,
  })
  await expect(housekeep()).resolves.toBeUndefined()
})
