import { NO_COUNTS, sumOf, type ActivityCounts, type ActivityMinute } from './activity-counts.ts'
import type { Activity } from './activity.ts'
import type { ActivityStore } from './activity-store.ts'

export interface ActivityStretch {
  /** Epoch milliseconds. */
  readonly fromTimestamp: number
  readonly counts: ActivityCounts
}

/** What all instances did in a time. */
export interface ActivityHistory {
  /** One after the other, without gaps; the last goes on. */
  readonly stretches: readonly ActivityStretch[]
  readonly totals: ActivityCounts
  /** Processes that counted anything. */
  readonly instances: number
  /** Minutes whose counts could not be written. A process that was killed could not even say so. */
  readonly lostMinutes: number
  /** The oldest part is missing: there was too much to read. */
  readonly isCut: boolean
  /** The minutes in which each name of `errors` and of `sweepFailures` was last counted; epoch milliseconds. */
  readonly lastSeenTimestamps: Readonly<Record<'errors' | 'sweepFailures', Readonly<Record<string, number>>>>
  /** The last minute with a tick that did not fail. */
  readonly lastTickTimestamp: number | undefined
}

export interface HistoryRange {
  /** How far back; milliseconds, a multiple of the stretch. */
  readonly rangeInMs: number
  readonly stretchInMs: number
}

/** The stored minutes, and what this instance has not written yet. Rejects when the store fails. */
export type ReadHistory = (range: HistoryRange) => Promise<ActivityHistory>

export function createReadHistory(options: {
  readonly store: Pick<ActivityStore, 'read'>
  readonly activity: Pick<Activity, 'unwritten'>
  /** Epoch milliseconds. */
  readonly now: () => number
}): ReadHistory {
  return async (range) => {
    const fromTimestamp = startOf(range, options.now())
    // Taken before the store is read: what is written meanwhile is in both, and counted once.
    const unwritten = options.activity.unwritten()
    const { minutes, isCut } = await options.store.read(fromTimestamp)
    return { ...historyOf([...minutes, ...unwritten], range, options.now()), isCut }
  }
}

/** Stretches begin at full multiples, so that they hold the same each time they are asked for. */
function startOf({ rangeInMs, stretchInMs }: HistoryRange, now: number): number {
  return Math.floor(now / stretchInMs) * stretchInMs + stretchInMs - rangeInMs
}

/** @param minutes may hold one twice; the later in the list replaces the earlier. */
export function historyOf(
  minutes: readonly ActivityMinute[],
  range: HistoryRange,
  now: number,
): Omit<ActivityHistory, 'isCut'> {
  const { rangeInMs, stretchInMs } = range
  const startTimestamp = startOf(range, now)
  const endTimestamp = startTimestamp + rangeInMs
  const unique = new Map(minutes.map((minute) => [`${minute.minuteTimestamp} ${minute.instanceId}`, minute]))
  const inRange = [...unique.values()].filter(
    ({ minuteTimestamp }) => minuteTimestamp >= startTimestamp && minuteTimestamp < endTimestamp,
  )
  const byStretch = Map.groupBy(inRange, ({ minuteTimestamp }) =>
    Math.floor((minuteTimestamp - startTimestamp) / stretchInMs),
  )
  const stretches = Array.from({ length: Math.round(rangeInMs / stretchInMs) }, (_, index) => {
    const counts = byStretch.get(index)?.map((minute) => minute.counts)
    return { fromTimestamp: startTimestamp + index * stretchInMs, counts: counts ? sumOf(counts) : NO_COUNTS }
  })
  const lastMinuteWith = (isIt: (counts: ActivityCounts) => boolean): number | undefined =>
    inRange
      .filter(({ counts }) => isIt(counts))
      .reduce<number | undefined>(
        (last, { minuteTimestamp }) => Math.max(last ?? minuteTimestamp, minuteTimestamp),
        undefined,
      )
  const lastSeenOf = (group: 'errors' | 'sweepFailures'): Record<string, number> => {
    const last: Record<string, number> = {}
    for (const { minuteTimestamp, counts } of inRange) {
      for (const name of Object.keys(counts[group])) last[name] = Math.max(last[name] ?? 0, minuteTimestamp)
    }
    return last
  }
  return {
    stretches,
    totals: sumOf(stretches.map(({ counts }) => counts)),
    instances: new Set(inRange.map(({ instanceId }) => instanceId)).size,
    lostMinutes: inRange.reduce((lost, minute) => lost + minute.lostMinutes, 0),
    lastSeenTimestamps: { errors: lastSeenOf('errors'), sweepFailures: lastSeenOf('sweepFailures') },
    lastTickTimestamp: lastMinuteWith(({ sweeps }) => (sweeps['ticks'] ?? 0) > 0),
  }
}
