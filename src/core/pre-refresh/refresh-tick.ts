import type { DueHint, DueIndex } from '../entry/due-index.ts'
import type { RefreshSweep, SweepSummary } from './refresh-sweep.ts'

/** One message; 100 hints are about 7 KB, a queue message may have 64 KiB. */
const HINTS_PER_CHUNK = 100
/** What is due before the next two ticks is due now, so that one tick that fails costs no caller a wait. */
const TICKS_AHEAD = 2
/** The rest of the period is for what was begun in time, and for the host. */
const SHARE_OF_PERIOD = 0.75
/** A queue that keeps a hint for so many periods is worked off by nobody. */
const STUCK_AFTER_PERIODS = 5

/** Due hints for another instance to attend to. */
export interface HintChunk {
  readonly horizonTimestamp: number
  readonly hints: readonly DueHint[]
}

/** Hands chunks to as many instances as the platform starts; at least once each. */
export interface ChunkQueue {
  isEmpty(): Promise<boolean>
  put(chunk: HintChunk): Promise<void>
}

export interface TickSummary extends SweepSummary {
  /** Hints handed out to other instances. */
  readonly queued: number
  /** Hints that an earlier tick handed out. */
  readonly waiting: number
}

export interface RefreshTickParts {
  readonly dueIndex: DueIndex
  readonly sweep: RefreshSweep
  readonly chunkQueue: ChunkQueue
  readonly fanoutAbove: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** What the timer does: finds what is due, and refreshes it here or hands it out. Rejects when the index cannot be read. */
export type RefreshTick = (options: {
  periodInMs: number
  /** Whatever the period, nothing is begun after this time. */
  timeLimitInMs: number
  correlationId: string
}) => Promise<TickSummary>

export function createRefreshTick(parts: RefreshTickParts): RefreshTick {
  const { dueIndex, sweep, chunkQueue, now } = parts

  /** What is due before this was handed out by this process. */
  let handedOutBeforeTimestamp = 0

  /** @returns how many hints went into the queue, `undefined` when it cannot be relied on. */
  async function handOut(hints: readonly DueHint[], horizonTimestamp: number): Promise<number | undefined> {
    try {
      // What waits in the queue, or is under a worker's hands, is still due: putting it in again would only make the queue longer.
      const fresh = (await chunkQueue.isEmpty())
        ? hints
        : hints.filter(({ dueTimestamp }) => dueTimestamp >= handedOutBeforeTimestamp)
      for (let at = 0; at < fresh.length; at += HINTS_PER_CHUNK) {
        await chunkQueue.put({ horizonTimestamp, hints: fresh.slice(at, at + HINTS_PER_CHUNK) })
      }
      handedOutBeforeTimestamp = horizonTimestamp
      return fresh.length
    } catch {
      return undefined
    }
  }

  return async ({ periodInMs, timeLimitInMs, correlationId }) => {
    const startTimestamp = now()
    const horizonTimestamp = startTimestamp + TICKS_AHEAD * periodInMs
    const hints = await dueIndex.dueBefore(horizonTimestamp)
    const oldestLagMs = Math.max(0, startTimestamp - (hints[0]?.dueTimestamp ?? startTimestamp))
    const queued = hints.length > parts.fanoutAbove ? await handOut(hints, horizonTimestamp) : undefined
    const waiting = queued === undefined ? 0 : hints.length - queued
    const isStuck = waiting > 0 && oldestLagMs > STUCK_AFTER_PERIODS * periodInMs
    // What the others do not do in time, this instance does as far as it can: the oldest first.
    const own = queued === undefined ? hints : isStuck ? hints.slice(0, parts.fanoutAbove) : []
    const summary = await sweep(own, {
      horizonTimestamp,
      endTimestamp: startTimestamp + Math.min(SHARE_OF_PERIOD * periodInMs, timeLimitInMs),
      correlationId,
    })
    const left = isStuck ? summary.left + hints.length - own.length : summary.left
    return { ...summary, due: hints.length, oldestLagMs, left, queued: queued ?? 0, waiting }
  }
}
