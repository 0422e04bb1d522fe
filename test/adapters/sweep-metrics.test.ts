import { afterEach, expect, test } from '@jest/globals'
import { metrics, type Attributes, type Meter } from '@opentelemetry/api'
import { createSweepMetrics } from '../../src/adapters/metrics/sweep-metrics.ts'

const SUMMARY = {
  due: 9,
  refreshed: 4,
  dropped: 1,
  passed: 0,
  failed: { temporarily_unavailable: 2, held_back: 1 },
  left: 1,
  oldestLagMs: 1500,
}

afterEach(() => metrics.disable())

test('without an exporter the figures go nowhere, and nothing fails', () => {
  expect(() => createSweepMetrics()(SUMMARY, 250)).not.toThrow()
})

test('with a provider registered, a sweep is counted by outcome and cause, with its duration and lag', () => {
  const recorded: [string, number, Attributes?][] = []
  const instrument = (name: string) => {
    const record = (value: number, attributes?: Attributes) =>
      void recorded.push(attributes ? [name, value, attributes] : [name, value])
    return { add: record, record }
  }
  const meter = { createCounter: instrument, createHistogram: instrument } as unknown as Meter
  metrics.setGlobalMeterProvider({ getMeter: () => meter })
  createSweepMetrics()(SUMMARY, 250)
  expect(recorded).toEqual([
    ['token_broker.sweep.entries', 4, { outcome: 'refreshed' }],
    ['token_broker.sweep.entries', 1, { outcome: 'dropped' }],
    ['token_broker.sweep.entries', 0, { outcome: 'passed' }],
    ['token_broker.sweep.entries', 1, { outcome: 'left' }],
    ['token_broker.sweep.entries', 2, { outcome: 'failed', cause: 'temporarily_unavailable' }],
    ['token_broker.sweep.entries', 1, { outcome: 'failed', cause: 'held_back' }],
    ['token_broker.sweep.duration', 250],
    ['token_broker.sweep.oldest_lag', 1500],
  ])
})
