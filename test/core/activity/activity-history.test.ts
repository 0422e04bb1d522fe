import { expect, test } from '@jest/globals'
import { createReadHistory, historyOf } from '../../../src/core/activity/activity-history.ts'
import {
  NO_COUNTS,
  type ActivityCounts,
  type ActivityMinute,
} from '../../../src/core/activity/activity-counts.ts'

const MINUTE = 60_000
/** 16:00 UTC. */
const FULL_HOUR = 1_764_000_000_000
const RANGE = { rangeInMs: 60 * MINUTE, stretchInMs: 10 * MINUTE }
const at = (minute: number, counts: Partial<ActivityCounts> = {}, more: Partial<ActivityMinute> = {}) => ({
  minuteTimestamp: FULL_HOUR + minute * MINUTE,
  instanceId: 'a',
  counts: { ...NO_COUNTS, ...counts },
  lostMinutes: 0,
  ...more,
})
const hits = (memory: number) => ({ sources: { memory } })

test('stretches follow each other without gaps, and the last one is going on', () => {
  const now = FULL_HOUR + 62 * MINUTE + 7
  const minutes = [at(9, hits(1)), at(10, hits(2)), at(19, hits(4)), at(62, hits(8)), at(70, hits(16))]
  const { stretches, totals } = historyOf(minutes, RANGE, now)
  expect(
    stretches.map(({ fromTimestamp, counts }) => [(fromTimestamp - FULL_HOUR) / MINUTE, counts.sources]),
  ).toEqual([
    [10, { memory: 6 }],
    [20, {}],
    [30, {}],
    [40, {}],
    [50, {}],
    [60, { memory: 8 }],
  ])
  expect(totals.sources).toEqual({ memory: 14 })
})

test('instances are added up, and what each could not write', () => {
  const { totals, instances, lostMinutes } = historyOf(
    [
      at(11, hits(1), { lostMinutes: 2 }),
      at(11, hits(2), { instanceId: 'b', lostMinutes: 1 }),
      at(12, hits(4), { instanceId: 'b' }),
    ],
    RANGE,
    FULL_HOUR + 60 * MINUTE,
  )
  expect([totals.sources, instances, lostMinutes]).toEqual([{ memory: 7 }, 2, 3])
})

test('a minute that is there twice counts once', () => {
  const { totals } = historyOf([at(11, hits(1)), at(11, hits(1))], RANGE, FULL_HOUR + 60 * MINUTE)
  expect(totals.sources).toEqual({ memory: 1 })
})

test('it says when a failure was last seen, and when the timer last did its work', () => {
  const history = historyOf(
    [
      at(12, { errors: { misconfigured: 1 }, sweeps: { ticks: 1 } }),
      at(31, { errors: { misconfigured: 1 }, sweepFailures: { held_back: 1 }, sweeps: { ticks: 1 } }),
      at(40, { sweeps: { failed_ticks: 1 } }),
    ],
    RANGE,
    FULL_HOUR + 60 * MINUTE,
  )
  expect([history.lastSeenTimestamps, history.lastTickTimestamp]).toEqual([
    {
      errors: { misconfigured: FULL_HOUR + 31 * MINUTE },
      sweepFailures: { held_back: FULL_HOUR + 31 * MINUTE },
    },
    FULL_HOUR + 31 * MINUTE,
  ])
  expect(historyOf([], RANGE, FULL_HOUR).lastTickTimestamp).toBeUndefined()
})

test('what this instance has not written yet is in it; what was written meanwhile is not twice', async () => {
  const asked: number[] = []
  const read = createReadHistory({
    store: {
      read: async (fromTimestamp) => {
        asked.push(fromTimestamp)
        return { minutes: [at(58, hits(1)), at(59, hits(2))], isCut: true }
      },
    },
    activity: { unwritten: () => [at(59, hits(2)), at(60, hits(4))] },
    now: () => FULL_HOUR + 60 * MINUTE + 1,
  })
  const { totals, isCut } = await read(RANGE)
  expect([asked, totals.sources, isCut]).toEqual([[FULL_HOUR + 10 * MINUTE], { memory: 7 }, true])
})

test('what began before the range, or after it by a clock ahead, is not in it', () => {
  const counts = { errors: { misconfigured: 1 }, sweeps: { ticks: 1 } }
  const ofAll = (minutes: number[]) =>
    historyOf(
      minutes.map((minute) => at(minute, counts, { lostMinutes: 1, instanceId: `${minute}` })),
      RANGE,
      FULL_HOUR + 60 * MINUTE,
    )
  // From minute 10 to minute 70.
  const { instances, lostMinutes, lastSeenTimestamps, lastTickTimestamp, totals } = ofAll([9, 10, 69, 70])
  expect([instances, lostMinutes, totals.errors]).toEqual([2, 2, { misconfigured: 2 }])
  expect([lastSeenTimestamps.errors, lastTickTimestamp]).toEqual([
    { misconfigured: FULL_HOUR + 69 * MINUTE },
    FULL_HOUR + 69 * MINUTE,
  ])
  expect(ofAll([9, 70])).toMatchObject({ instances: 0, lostMinutes: 0, lastTickTimestamp: undefined })
})
