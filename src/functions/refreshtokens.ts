import type { TimerHandler } from '@azure/functions'
import type { Foresight } from '../core/connection/foresight.ts'
import type { RefreshTick } from '../core/pre-refresh/refresh-tick.ts'
import { faultDetailOf } from '../core/fault-detail.ts'
import { logConcerns, logEvent, logProblems, type LogEvent } from './event-log.ts'
import { FUNCTION_TIME_LIMIT_IN_MS } from './function-time-limit.ts'
import { sweepLevelOf } from './sweep-level.ts'

const MIN_PERIOD_IN_MS = 60_000
const MAX_PERIOD_IN_MS = 24 * 60 * 60_000

export interface RefreshTokensOptions {
  readonly tick: RefreshTick
  /** What is wrong although service goes on. */
  readonly problemsOf: () => readonly string[]
  readonly foresight: Foresight
}

/** The timer. Never rejects: the next tick does what this one could not. */
export function createRefreshTokensHandler(
  options: () => RefreshTokensOptions,
  writeEvent: LogEvent = logEvent,
): TimerHandler {
  return async (timer, context) => {
    const startTime = performance.now()
    const durationSinceStart = () => Math.round(performance.now() - startTime)
    const correlationId = context.invocationId
    try {
      const { tick, problemsOf, foresight } = options()
      const summary = await tick({
        periodInMs: periodInMsOf(timer.scheduleStatus),
        timeLimitInMs: FUNCTION_TIME_LIMIT_IN_MS,
        correlationId,
      })
      logProblems(context, problemsOf())
      logConcerns(context, await foresight())
      writeEvent(context, sweepLevelOf(summary), 'refresh_sweep', {
        ...summary,
        durationMs: durationSinceStart(),
        correlationId,
      })
    } catch (error) {
      writeEvent(context, 'error', 'refresh_sweep_failed', {
        detail: faultDetailOf(error),
        durationMs: durationSinceStart(),
        correlationId,
      })
    }
  }
}

/** From the schedule itself, so that another schedule needs no second setting. A late run must not shorten it. */
function periodInMsOf(status: { last?: string; next?: string } | undefined): number {
  const periodInMs = Date.parse(status?.next ?? '') - Date.parse(status?.last ?? '')
  return periodInMs >= MIN_PERIOD_IN_MS && periodInMs <= MAX_PERIOD_IN_MS ? periodInMs : MIN_PERIOD_IN_MS
}
