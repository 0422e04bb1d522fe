import { metrics } from '@opentelemetry/api'
import type { SweepSummary } from '../../core/pre-refresh/refresh-sweep.ts'

/** Records the figures of sweeps through the OpenTelemetry API, which does nothing until somebody registers an exporter. */
export function createSweepMetrics(): (summary: SweepSummary, durationInMs: number) => void {
  const meter = metrics.getMeter('entra-token-broker')
  const entries = meter.createCounter('token_broker.sweep.entries', {
    description: 'Entries that a sweep attended to, by outcome',
  })
  const duration = meter.createHistogram('token_broker.sweep.duration', { unit: 'ms' })
  const lag = meter.createHistogram('token_broker.sweep.oldest_lag', {
    unit: 'ms',
    description: 'How long past its time the oldest hint was',
  })
  return ({ refreshed, dropped, passed, failed, left, oldestLagMs }, durationInMs) => {
    for (const [outcome, count] of Object.entries({ refreshed, dropped, passed, left })) {
      entries.add(count, { outcome })
    }
    for (const [cause, count] of Object.entries(failed)) entries.add(count, { outcome: 'failed', cause })
    duration.record(durationInMs)
    lag.record(oldestLagMs)
  }
}
