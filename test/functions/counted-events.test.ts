import { beforeEach, expect, test } from '@jest/globals'
import { createActivity, type Activity } from '../../src/core/activity/activity.ts'
import { BrokerError } from '../../src/core/broker-error.ts'
import { countingEvents } from '../../src/functions/counted-events.ts'
import { createInvocation } from '../support/invocation.ts'

let activity: Activity
beforeEach(() => {
  activity = createActivity({
    store: { write: async () => {} },
    now: () => 1_764_000_000_000,
    delay: () => new Promise(() => {}),
    randomId: () => 'id',
  })
})
const counted = () => activity.unwritten()[0]?.counts

test('what is written is counted, and calls of the identity provider are told of with the next line, once', () => {
  const { context, lines } = createInvocation('requesttoken')
  const writeEvent = countingEvents(() => activity)
  activity.noteProviderCall()
  writeEvent(context, 'info', 'token_request', { action: 'retrieved new token', source: 'identity_provider' })
  writeEvent(context, 'info', 'token_request', { action: 'returned existing token', source: 'memory' })
  writeEvent(context, 'info', 'token_request', { error: 'policy_blocked', aadsts: 53003 })
  activity.noteProviderCall()
  activity.noteProviderCall()
  writeEvent(context, 'info', 'refresh_sweep', { due: 2, refreshed: 2, failed: {}, oldestLagMs: 40 })
  writeEvent(context, 'info', 'refresh_chunk', { due: 1, refreshed: 1, failed: {} })
  writeEvent(context, 'error', 'refresh_sweep_failed', { detail: 'RestError 503', durationMs: 7 })
  expect(lines.map(([, line]) => [line['event'], line['providerCalls']])).toEqual([
    ['token_request', 1],
    ['token_request', undefined],
    ['token_request', undefined],
    ['refresh_sweep', 2],
    ['refresh_chunk', undefined],
    ['refresh_sweep_failed', undefined],
  ])
  expect(counted()).toEqual({
    actions: { 'retrieved new token': 1, 'returned existing token': 1 },
    sources: { identity_provider: 1, memory: 1 },
    errors: { 'policy_blocked 53003': 1 },
    warnings: {},
    providerCalls: 3,
    sweeps: { ticks: 1, chunks: 1, failed_ticks: 1, due: 2, refreshed: 3 },
    sweepFailures: {},
    oldestLagMs: 40,
    longestTickMs: 0,
  })
})

test('what operators do and what else is logged is not counted, and takes no calls', () => {
  const { context, lines } = createInvocation('tokens')
  activity.noteProviderCall()
  countingEvents(() => activity)(context, 'info', 'operator_action', { action: 'list' })
  expect([lines.length, lines[0]?.[1]['providerCalls'], counted()]).toEqual([1, undefined, undefined])
  expect(activity.takeProviderCalls()).toBe(1)
})

test('with settings that are wrong the line is written all the same', () => {
  const { context, lines } = createInvocation('requesttoken')
  const writeEvent = countingEvents(() => {
    throw new BrokerError('misconfigured')
  })
  writeEvent(context, 'error', 'token_request', { error: 'misconfigured' })
  expect(lines).toEqual([['error', { event: 'token_request', error: 'misconfigured' }]])
})
