import { expect, test } from '@jest/globals'
import { createActivityCounter } from '../../../src/core/activity/activity-counter.ts'
import { sumOf } from '../../../src/core/activity/activity-counts.ts'

const NOTHING = {
  actions: {},
  sources: {},
  errors: {},
  warnings: {},
  providerCalls: 0,
  sweeps: {},
  sweepFailures: {},
  oldestLagMs: 0,
  longestTickMs: 0,
}

test('a token is counted by action and by source, with its warnings, without their details', () => {
  const counter = createActivityCounter()
  counter.countRequest({ action: 'returned existing token', source: 'memory' })
  counter.countRequest({ action: 'returned existing token', source: 'store' })
  counter.countRequest({
    action: 'retrieved new token',
    source: 'identity_provider',
    warnings: ['token_not_stored (RestError 503)', 'refusals_not_shared'],
    providerCalls: 2,
  })
  expect(counter.counts()).toEqual({
    ...NOTHING,
    actions: { 'returned existing token': 2, 'retrieved new token': 1 },
    sources: { memory: 1, store: 1, identity_provider: 1 },
    warnings: { token_not_stored: 1, refusals_not_shared: 1 },
    providerCalls: 2,
  })
})

test('a request without a token is counted by error and number, and by nothing else', () => {
  const counter = createActivityCounter()
  counter.countRequest({ error: 'consent_required', aadsts: 65001 })
  counter.countRequest({ error: 'consent_required', aadsts: 65001 })
  counter.countRequest({ error: 'consent_required' })
  expect(counter.counts()).toEqual({
    ...NOTHING,
    errors: { 'consent_required 65001': 2, consent_required: 1 },
  })
})

test('what is due is counted at the tick, what is done where it is done, and of lags the longest', () => {
  const counter = createActivityCounter()
  const done = { refreshed: 2, dropped: 1, passed: 3, left: 0, failed: { held_back: 4 } }
  counter.countSweep({ kind: 'tick', due: 9, queued: 5, oldestLagMs: 700, durationMs: 30, ...done })
  counter.countSweep({ kind: 'tick', due: 1, queued: 0, oldestLagMs: 200, durationMs: 90, providerCalls: 3 })
  counter.countSweep({ kind: 'chunk', due: 5, oldestLagMs: 9999, durationMs: 9999, ...done })
  counter.countSweep({ kind: 'failed_tick', durationMs: 9999 })
  expect(counter.counts()).toEqual({
    ...NOTHING,
    sweeps: {
      ticks: 2,
      chunks: 1,
      failed_ticks: 1,
      due: 10,
      queued: 5,
      refreshed: 4,
      dropped: 2,
      passed: 6,
    },
    sweepFailures: { held_back: 8 },
    providerCalls: 3,
    oldestLagMs: 700,
    longestTickMs: 90,
  })
})

test('sixty causes are told apart, however many there are; none is lost, and none is long', () => {
  const counter = createActivityCounter()
  for (let number = 0; number < 200; number++)
    counter.countRequest({ error: 'misconfigured', aadsts: number })
  counter.countRequest({ error: 'misconfigured', aadsts: 7 })
  counter.countSweep({ kind: 'chunk', failed: { ['x'.repeat(5000)]: 2 } })
  const { errors, sweepFailures } = counter.counts()
  expect(Object.keys(errors)).toHaveLength(61)
  expect([errors['misconfigured 7'], errors['misconfigured 59'], errors['other']]).toEqual([2, 1, 140])
  expect(sweepFailures).toEqual({ ['x'.repeat(80)]: 2 })
})

test('counts that were read do not change any more', () => {
  const counter = createActivityCounter()
  const before = counter.counts()
  counter.countRequest({ error: 'internal_error' })
  expect(before).toEqual(NOTHING)
})

test('a sum adds, and keeps the longest', () => {
  const one = { ...NOTHING, actions: { a: 1 }, providerCalls: 2, oldestLagMs: 5, longestTickMs: 1 }
  const other = { ...NOTHING, actions: { a: 2, b: 1 }, providerCalls: 3, oldestLagMs: 4, longestTickMs: 9 }
  expect(sumOf([one, other])).toEqual({
    ...NOTHING,
    actions: { a: 3, b: 1 },
    providerCalls: 5,
    oldestLagMs: 5,
    longestTickMs: 9,
  })
  expect(sumOf([])).toEqual(NOTHING)
})
