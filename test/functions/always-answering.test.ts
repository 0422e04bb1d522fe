import type { HttpHandler } from '@azure/functions'
import { expect, test } from '@jest/globals'
import { BrokerError } from '../../src/core/broker-error.ts'
import { alwaysAnswering } from '../../src/functions/always-answering.ts'
import { health } from '../../src/functions/health.ts'
import { post } from '../support/http-requests.ts'
import { createInvocation, INVOCATION_ID } from '../support/invocation.ts'

const SECRET = 'canary-Password-1'
const HEADERS = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
}
const INTERNAL_ERROR = {
  status: 500,
  headers: HEADERS,
  jsonBody: {
    error: 'internal_error',
    description: 'The broker failed in a way that was not foreseen.',
    remedy:
      'Try again; if it happens again, ask whoever runs the broker to look for the correlation_id in its log.',
    retryable: true,
    correlation_id: INVOCATION_ID,
  },
}

test('an answer is handed on as it is', async () => {
  const { context, lines } = createInvocation('health')
  expect(await alwaysAnswering(health)(post('', {}, { method: 'GET' }), context)).toEqual({
    headers: HEADERS,
    jsonBody: { status: 'ok' },
  })
  expect(lines).toEqual([])
})

test.each<[string, HttpHandler]>([
  ['rejects', () => Promise.reject(new TypeError(SECRET))],
  [
    'throws',
    () => {
      throw new TypeError(SECRET)
    },
  ],
])('a handler that %s is answered, and the line gives the class of the error alone', async (_, handler) => {
  const { context, lines } = createInvocation('ready')
  expect(await alwaysAnswering(handler)(post(''), context)).toEqual(INTERNAL_ERROR)
  expect(lines).toEqual([
    [
      'error',
      {
        event: 'request_failed',
        error: 'internal_error',
        detail: 'TypeError',
        status: 500,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test('an error of the broker is the answer that it stands for', async () => {
  const { context, lines } = createInvocation('ready')
  const error = new BrokerError('misconfigured', { logDetail: 'App settings: KEY_VAULT_URL is missing' })
  expect(await alwaysAnswering(() => Promise.reject(error))(post(''), context)).toEqual({
    status: 500,
    headers: HEADERS,
    jsonBody: {
      error: 'misconfigured',
      description: 'The broker, its app registration or the directory behind it is not set up as it must be.',
      remedy: 'Ask whoever runs the broker to look for the correlation_id in its log.',
      retryable: false,
      correlation_id: INVOCATION_ID,
    },
  })
  expect(lines).toEqual([
    [
      'error',
      {
        event: 'request_failed',
        error: 'misconfigured',
        detail: 'App settings: KEY_VAULT_URL is missing',
        status: 500,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test('a log that fails costs nobody his answer', async () => {
  const { context } = createInvocation('ready')
  context.error = () => {
    throw new Error('the log is gone')
  }
  expect(await alwaysAnswering(() => Promise.reject(new TypeError(SECRET)))(post(''), context)).toEqual(
    INTERNAL_ERROR,
  )
})
