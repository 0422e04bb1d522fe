import { beforeEach, expect, test } from '@jest/globals'
import type { DueIndex } from '../../../src/core/entry/due-index.ts'
import type { HintChunk } from '../../../src/core/pre-refresh/chunk-queue.ts'
import { createRefreshTick, type RefreshTick } from '../../../src/core/pre-refresh/refresh-tick.ts'
import type { RefreshSweep } from '../../../src/core/pre-refresh/refresh-sweep.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'

const PERIOD_IN_MS = 60_000
let now: number
let dueIndex: DueIndex
let queue: HintChunk[]
let isQueueDown: boolean
/** The keys that each sweep was given. */
let swept: string[][]
let tick: RefreshTick
beforeEach(() => {
  now = 1_764_000_000_000
  dueIndex = createMemoryDueIndex()
  queue = []
  isQueueDown = false
  swept = []
  const sweep: RefreshSweep = async (hints) => {
    swept.push(hints.map(({ entryKey }) => entryKey))
    return { due: hints.length, refreshed: 0, dropped: 0, passed: 0, failed: {}, left: 0, oldestLagMs: 0 }
  }
  const chunkQueue = {
    isEmpty: async () => queue.length === 0,
    async put(chunk: HintChunk) {
      if (isQueueDown) throw new Error('down')
      queue.push(chunk)
    },
  }
  tick = createRefreshTick({
    dueIndex,
    sweep,
    chunkQueue,
    housekeep: async () => {},
    fanoutAbove: 2,
    now: () => now,
  })
})

const run = () => tick({ periodInMs: PERIOD_IN_MS, timeLimitInMs: 240_000, correlationId: 'id' })
const keysInQueue = () => queue.flatMap(({ hints }) => hints.map(({ entryKey }) => entryKey))

async function addDue(...keys: string[]): Promise<void> {
  for (const entryKey of keys)
    await dueIndex.add({ entryKey, dueTimestamp: now + PERIOD_IN_MS + keys.indexOf(entryKey) })
}

test('up to the limit it sweeps itself', async () => {
  await addDue('a', 'b')
  expect(await run()).toMatchObject({ due: 2, queued: 0, waiting: 0 })
  expect([swept, keysInQueue()]).toEqual([[['a', 'b']], []])
})

test('above the limit it hands out everything', async () => {
  await addDue('a', 'b', 'c')
  expect(await run()).toMatchObject({ due: 3, queued: 3, waiting: 0 })
  expect([swept, keysInQueue()]).toEqual([[[]], ['a', 'b', 'c']])
})

test.each([
  [200, [100, 100]],
  [201, [100, 100, 1]],
])('%i hints are handed out a hundred at a time, each once', async (count, sizes) => {
  const keys = Array.from({ length: count }, (_, n) => `key ${n}`)
  await addDue(...keys)
  await run()
  expect([queue.map(({ hints }) => hints.length), keysInQueue()]).toEqual([sizes, keys])
})

test('what is handed out at last is not swept here, however late it is', async () => {
  await addDue('a', 'b', 'c')
  now += 10 * PERIOD_IN_MS
  expect(await run()).toMatchObject({ queued: 3, waiting: 0, left: 0, oldestLagMs: 540_000 })
  expect(swept).toEqual([[]])
})

test('while chunks wait, or a worker that has died holds one, only what has come due since is handed out', async () => {
  await addDue('a', 'b', 'c')
  await run()
  now += PERIOD_IN_MS
  await addDue('d')
  expect(await run()).toMatchObject({ due: 4, queued: 1 })
  expect(keysInQueue()).toEqual(['a', 'b', 'c', 'd'])
  now += PERIOD_IN_MS
  expect(await run()).toMatchObject({ due: 4, queued: 0 })
})

test('what is still due when the queue is empty is handed out again', async () => {
  await addDue('a', 'b', 'c')
  await run()
  queue = []
  now += PERIOD_IN_MS
  expect(await run()).toMatchObject({ queued: 3 })
})

test('what could not be handed out is swept here, and does not count as handed out', async () => {
  await addDue('a', 'b', 'c')
  isQueueDown = true
  expect(await run()).toMatchObject({ due: 3, queued: 0 })
  expect(swept).toEqual([['a', 'b', 'c']])
  isQueueDown = false
  queue.push({ horizonTimestamp: 0, hints: [] })
  expect(await run()).toMatchObject({ queued: 3 })
})

test('what stays in the queue for more than five periods is swept here, the oldest first, as far as the limit', async () => {
  await addDue('a', 'b', 'c')
  await run()
  now += 6 * PERIOD_IN_MS
  expect(await run()).toMatchObject({ queued: 0, waiting: 3, left: 0 })
  now += PERIOD_IN_MS
  expect(await run()).toMatchObject({ queued: 0, waiting: 3, left: 1 })
  expect(swept).toEqual([[], [], ['a', 'b']])
})

test.each([
  ['three quarters of a short period', 60_000, 45_000],
  ['the time limit in a long one', 900_000, 240_000],
])('it begins nothing after %s', async (_, periodInMs, timeInMs) => {
  let endTimestamp = 0
  const sweep: RefreshSweep = async (hints, limits) => {
    endTimestamp = limits.endTimestamp
    return { due: hints.length, refreshed: 0, dropped: 0, passed: 0, failed: {}, left: 0, oldestLagMs: 0 }
  }
  const chunkQueue = { isEmpty: async () => true, put: async () => {} }
  tick = createRefreshTick({
    dueIndex,
    sweep,
    chunkQueue,
    housekeep: async () => {},
    fanoutAbove: 2,
    now: () => now,
  })
  await tick({ periodInMs, timeLimitInMs: 240_000, correlationId: 'id' })
  expect(endTimestamp - now).toBe(timeInMs)
})
