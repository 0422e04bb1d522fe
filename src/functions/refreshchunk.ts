import type { StorageQueueHandler } from '@azure/functions'
import type { RefreshSweep, SweepSummary } from '../core/pre-refresh/refresh-sweep.ts'
import type { HintChunk } from '../core/pre-refresh/chunk-queue.ts'
import { logEvent } from './event-log.ts'

/** Under the host's `functionTimeout` of five minutes. What is left over is still in the index. */
const TIME_LIMIT_IN_MS = 4 * 60_000

export interface RefreshChunkParts {
  readonly sweep: RefreshSweep
  readonly chunkOfMessage: (message: unknown) => HintChunk
  readonly recordSweep: (summary: SweepSummary, durationInMs: number) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A chunk of due hints from the queue. Rejects on a message that is none, which the platform counts and sets aside. */
export function createRefreshChunkHandler(parts: () => RefreshChunkParts): StorageQueueHandler {
  return async (message, context) => {
    const startTime = performance.now()
    const { sweep, chunkOfMessage, recordSweep, now } = parts()
    const { horizonTimestamp, hints } = chunkOfMessage(message)
    const correlationId = context.invocationId
    const endTimestamp = now() + TIME_LIMIT_IN_MS
    const summary = await sweep(hints, { horizonTimestamp, endTimestamp, correlationId })
    const durationMs = Math.round(performance.now() - startTime)
    recordSweep(summary, durationMs)
    logEvent(context, 'info', 'refresh_chunk', { ...summary, durationMs, correlationId })
  }
}
