import type { TimerHandler } from '@azure/functions'
import type { RefreshTick } from '../core/pre-refresh/refresh-tick.ts'
import type { SweepSummary } from '../core/pre-refresh/refresh-sweep.ts'
import { faultDetailOf } from '../core/fault-detail.ts'
import { logEvent } from './event-log.ts'

const MIN_PERIOD_IN_MS = 60_000

export interface RefreshTokensParts {
  readonly tick: RefreshTick
  readonly recordSweep: (summary: SweepSummary, durationInMs: number) => void
}

/** The timer. Never rejects: the next tick does what this one could not. */
export function createRefreshTokensHandler(parts: () => RefreshTokensParts): TimerHandler {
  return async (timer, context) => {
    const startTime = performance.now()
    const durationSinceStart = () => Math.round(performance.now() - startTime)
    const correlationId = context.invocationId
    try {
      const { tick, recordSweep } = parts()
      const periodInMs = periodInMsOf(timer.scheduleStatus)
      const summary = await tick({ periodInMs, timeLimitInMs: 4 * 60_000, correlationId })
      recordSweep(summary, durationSinceStart())
      const isClean = Object.keys(summary.failed).length === 0 && summary.left === 0
      logEvent(context, isClean ? 'info' : 'warn', 'refresh_sweep', {
        ...summary,
        durationMs: durationSinceStart(),
        correlationId,
      })
    } catch (error) {
      logEvent(context, 'error', 'refresh_sweep_failed', {
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
  return periodInMs >= MIN_PERIOD_IN_MS && periodInMs <= 24 * 60 * MIN_PERIOD_IN_MS
    ? periodInMs
    : MIN_PERIOD_IN_MS
}
