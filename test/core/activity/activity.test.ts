import { beforeEach, expect, test } from '@jest/globals'
import { createActivity, type Activity } from '../../../src/core/activity/activity.ts'
import type { ActivityMinute } from '../../../src/core/activity/activity-counts.ts'

const MINUTE = 60_000
const START = 1_764_000_000_000
const HIT = { action: 'returned existing token', source: 'memory' }

let now: number
/** What was handed to the store, in order. */
let written: ActivityMinute[]
let isDown: boolean
/** Lets the writes that wait come to their end; `undefined`: none waits. */
let release: (() => void) | undefined
let isSlow: boolean
let delays: { timeInMs: number; end: () => void }[]
let activity: Activity
beforeEach(() => {
  now = START
  written = []
  isDown = false
  isSlow = false
  release = undefined
  delays = []
  let ids = 0
  activity = createActivity({
    store: {
      async write(minute) {
        written.push(minute)
        if (isSlow) await new Promise<void>((resolve) => (release = resolve))
        if (isDown) throw new Error('down')
      },
    },
    now: () => now,
    delay: (timeInMs) => new Promise<void>((end) => void delays.push({ timeInMs, end })),
    randomId: () => `id${++ids}`,
  })
})

const settled = () => new Promise((resolve) => setImmediate(resolve))
const hitsOf = ({ minuteTimestamp, instanceId, counts, lostMinutes }: ActivityMinute) => [
  (minuteTimestamp - START) / MINUTE,
  instanceId,
  counts.sources['memory'],
  lostMinutes,
]

test('a minute is written once, when the first event after it comes, and before that by nobody', async () => {
  for (let n = 0; n < 1000; n++) activity.countRequest(HIT)
  now += MINUTE - 1
  activity.countRequest(HIT)
  await settled()
  expect(written).toEqual([])
  now += 1
  activity.countRequest(HIT)
  now += 5 * MINUTE
  activity.countRequest(HIT)
  await settled()
  expect(written.map(hitsOf)).toEqual([[0, 'id1', 1001, 0]])
  // The second came while the first was being written.
  expect(activity.unwritten().map(hitsOf)).toEqual([[6, 'id1', 1, 1]])
})

test('a minute after which nothing comes is written a moment after its end', async () => {
  now += 15_000
  activity.countRequest(HIT)
  expect(delays.map(({ timeInMs }) => timeInMs)).toEqual([46_000])
  now += 46_000
  delays[0]?.end()
  await settled()
  expect(written.map(hitsOf)).toEqual([[0, 'id1', 1, 0]])
  expect(activity.unwritten()).toEqual([])
})

test('a minute that an event has closed is not written again at its end', async () => {
  activity.countRequest(HIT)
  now += MINUTE
  activity.countRequest(HIT)
  delays[0]?.end()
  await settled()
  expect(written).toHaveLength(1)
})

test('counting waits for no write, and a minute that ends during one is lost and said', async () => {
  isSlow = true
  activity.countRequest(HIT)
  now += MINUTE
  activity.countRequest(HIT)
  now += MINUTE
  activity.countRequest(HIT)
  expect(written).toHaveLength(1)
  isSlow = false
  release?.()
  await settled()
  now += MINUTE
  activity.countRequest(HIT)
  await settled()
  expect(written.map(hitsOf)).toEqual([
    [0, 'id1', 1, 0],
    [2, 'id1', 1, 1],
  ])
  expect(activity.unwritten().map(hitsOf)).toEqual([[3, 'id1', 1, 0]])
})

test('minutes that cannot be written are said until they could be said', async () => {
  isDown = true
  for (let minute = 0; minute < 3; minute++) {
    activity.countRequest(HIT)
    now += MINUTE
    await settled()
  }
  activity.countRequest(HIT)
  await settled()
  expect(activity.unwritten().map(hitsOf)).toEqual([[3, 'id1', 1, 3]])
  isDown = false
  for (let minute = 4; minute < 6; minute++) {
    now += MINUTE
    activity.countRequest(HIT)
    await settled()
  }
  expect(written.slice(3).map(hitsOf)).toEqual([
    [3, 'id1', 1, 3],
    [4, 'id1', 1, 0],
  ])
})

test('a clock that is set back overwrites no row: the process counts on as another instance', async () => {
  activity.countRequest(HIT)
  now += MINUTE
  activity.countRequest(HIT)
  await settled()
  now -= MINUTE
  for (let minute = 0; minute < 3; minute++) {
    activity.countRequest(HIT)
    await settled()
    now += MINUTE
  }
  expect(written.map(hitsOf)).toEqual([
    [0, 'id1', 1, 0],
    [1, 'id1', 1, 0],
    [0, 'id2', 1, 0],
    [1, 'id2', 1, 0],
  ])
})

test('calls of the identity provider are told of once', () => {
  activity.noteProviderCall()
  activity.noteProviderCall()
  expect([activity.takeProviderCalls(), activity.takeProviderCalls()]).toEqual([2, 0])
})

test('a clock that is set back into the minute that was written overwrites no row', async () => {
  activity.countRequest(HIT)
  delays[0]?.end()
  await settled()
  activity.countRequest(HIT)
  now += MINUTE
  activity.countRequest(HIT)
  await settled()
  expect(written.map(hitsOf)).toEqual([
    [0, 'id1', 1, 0],
    [0, 'id2', 1, 0],
  ])
})

test('what is being written is not certain yet', async () => {
  isSlow = true
  activity.countRequest(HIT)
  now += MINUTE
  activity.countRequest(HIT)
  expect(activity.unwritten().map(hitsOf)).toEqual([
    [0, 'id1', 1, 0],
    [1, 'id1', 1, 0],
  ])
  release?.()
  await settled()
  expect(activity.unwritten().map(hitsOf)).toEqual([[1, 'id1', 1, 0]])
})

test('a sweep is counted in the minute in which it ends', () => {
  const summary = { due: 3, refreshed: 2, passed: 0, dropped: 0, left: 1, failed: {} }
  activity.countSweep({ kind: 'tick', ...summary, oldestLagMs: 5, durationMs: 7 })
  expect(
    activity.unwritten().map(({ counts }) => [counts.sweeps['ticks'], counts.sweeps['refreshed']]),
  ).toEqual([[1, 2]])
})
