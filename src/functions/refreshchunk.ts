import type { StorageQueueHandler } from '@azure/functions'
import type { RefreshSweep } from '../core/pre-refresh/refresh-sweep.ts'
import type { HintChunk } from '../core/pre-refresh/chunk-queue.ts'
import { logEvent, type LogEvent } from './event-log.ts'
import { FUNCTION_TIME_LIMIT_IN_MS } from './function-time-limit.ts'
import { sweepLevelOf } from './sweep-level.ts'

export interface RefreshChunkOptions {
  readonly sweep: RefreshSweep
  readonly chunkOfMessage: (message: unknown) => HintChunk
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A chunk of due hints from the queue. Rejects on a message that is none, which the platform counts and sets aside. */
export function createRefreshChunkHandler(
  options: () => RefreshChunkOptions,
  writeEvent: LogEvent = logEvent,
): StorageQueueHandler {
  return async (message, context) => {
    const startTime = performance.now()
    const { sweep, chunkOfMessage, now } = options()
    const { horizonTimestamp, hints } = chunkOfMessage(message)
    const correlationId = context.invocationId
    const endTimestamp = now() + FUNCTION_TIME_LIMIT_IN_MS
    const summary = await sweep(hints, { horizonTimestamp, endTimestamp, correlationId })
    const durationMs = Math.round(performance.now() - startTime)
    writeEvent(context, sweepLevelOf(summary), 'refresh_chunk', { ...summary, durationMs, correlationId })
  }
}
