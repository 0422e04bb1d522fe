import { expect, test } from '@jest/globals'
import { logEvent } from '../../src/functions/event-log.ts'
import { createInvocation } from '../support/invocation.ts'

const PASSWORD = 'canary-Password-1'

test('a field that the event does not have is not written, whatever the type says', () => {
  const { context, lines } = createInvocation('requesttoken')
  const widened = {
    client: 'default',
    password: PASSWORD,
    request: { password: PASSWORD },
    due: 1,
    status: 200,
  } as { client: string; status: number }
  logEvent(context, 'info', 'token_request', widened)
  logEvent(context, 'error', 'not_ready', widened as object)
  expect(lines).toEqual([
    ['information', { event: 'token_request', client: 'default', status: 200 }],
    ['error', { event: 'not_ready' }],
  ])
})

test('what is not of its kind is not written: texts are texts, numbers are numbers, counts are numbers by name', () => {
  const { context, lines } = createInvocation('refreshtokens')
  logEvent(context, 'info', 'token_request', {
    client: { password: PASSWORD },
    status: PASSWORD,
    durationMs: Number.NaN,
    warnings: ['token_not_stored', { password: PASSWORD }],
    detail: [PASSWORD],
  } as object)
  logEvent(context, 'warn', 'refresh_sweep', {
    failed: { temporarily_unavailable: 2, password: PASSWORD, nested: { password: 1 } },
    due: '3',
  } as object)
  logEvent(context, 'warn', 'refresh_chunk', { failed: [PASSWORD] } as object)
  expect(lines).toEqual([
    ['information', { event: 'token_request', warnings: ['token_not_stored'] }],
    ['warning', { event: 'refresh_sweep', failed: { temporarily_unavailable: 2 } }],
    ['warning', { event: 'refresh_chunk' }],
  ])
})

test('texts end at 500 characters, lists and counts at 20 members', () => {
  const { context, lines } = createInvocation('requesttoken')
  const long = 'x'.repeat(501)
  logEvent(context, 'info', 'token_request', {
    detail: long,
    warnings: Array.from({ length: 21 }, () => long),
  })
  logEvent(context, 'info', 'refresh_chunk', {
    failed: Object.fromEntries(Array.from({ length: 21 }, (_, number) => [`${number}${long}`, number])),
  })
  const [first, second] = lines.map(([, line]) => line)
  expect(first).toEqual({
    event: 'token_request',
    detail: 'x'.repeat(500),
    warnings: Array.from({ length: 20 }, () => 'x'.repeat(500)),
  })
  const names = Object.keys(second?.['failed'] as object)
  expect([names.length, Math.max(...names.map(({ length }) => length))]).toEqual([20, 500])
})

test('a sweep writes every figure, in one line', () => {
  const { context, lines } = createInvocation('refreshtokens')
  const figures = {
    due: 9,
    refreshed: 4,
    dropped: 1,
    passed: 2,
    failed: { held_back: 1 },
    left: 1,
    oldestLagMs: 1500,
    durationMs: 250,
    correlationId: 'id',
  }
  logEvent(context, 'info', 'refresh_sweep', { ...figures, queued: 5, waiting: 6 })
  logEvent(context, 'info', 'refresh_chunk', figures)
  expect(lines).toEqual([
    ['information', { event: 'refresh_sweep', ...figures, queued: 5, waiting: 6 }],
    ['information', { event: 'refresh_chunk', ...figures }],
  ])
})
