import { expect, test } from '@jest/globals'
import { BrokerError } from '../../src/core/broker-error.ts'
import { createReadyHandler } from '../../src/functions/ready.ts'
import { post } from '../support/http-requests.ts'
import { createInvocation, INVOCATION_ID } from '../support/invocation.ts'

const HEADERS = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
}
const http = post('', {}, { method: 'GET' })

test('when all is well it says so, and logs nothing', async () => {
  const { context, lines } = createInvocation('ready')
  const handler = createReadyHandler(async () => ({
    isReady: true,
    checks: { tables: 'ok' },
    details: [],
    problems: [],
  }))
  expect(await handler(http, context)).toEqual({
    status: 200,
    headers: HEADERS,
    jsonBody: { status: 'ready', checks: { tables: 'ok' } },
  })
  expect(lines).toEqual([])
})

test('what fails is named, and why, to the caller and to the log', async () => {
  const { context, lines } = createInvocation('ready')
  const handler = createReadyHandler(async () => ({
    isReady: false,
    checks: { tables: 'unavailable', queue: 'ok' },
    details: ['tables: RestError 403 AuthorizationFailure'],
    problems: [],
  }))
  expect(await handler(http, context)).toEqual({
    status: 503,
    headers: HEADERS,
    jsonBody: {
      status: 'not ready',
      checks: { tables: 'unavailable', queue: 'ok' },
      problems: ['tables: RestError 403 AuthorizationFailure'],
    },
  })
  expect(lines).toEqual([
    [
      'error',
      {
        event: 'not_ready',
        detail: 'tables: RestError 403 AuthorizationFailure',
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test('wrong app settings are 503 as well', async () => {
  const { context, lines } = createInvocation('ready')
  const logDetail = 'App settings: KEY_VAULT_URL is missing'
  const handler = createReadyHandler(() => Promise.reject(new BrokerError('misconfigured', { logDetail })))
  expect(await handler(http, context)).toEqual({
    status: 503,
    headers: HEADERS,
    jsonBody: { status: 'not ready', checks: { settings: 'misconfigured' }, problems: [logDetail] },
  })
  expect(lines).toEqual([['error', { event: 'not_ready', detail: logDetail, correlationId: INVOCATION_ID }]])
})

test('what nobody foresaw is not called a wrong setting', async () => {
  const { context } = createInvocation('ready')
  const handler = createReadyHandler(() => Promise.reject(new TypeError('unforeseen')))
  await expect(handler(http, context)).rejects.toThrow(new TypeError('unforeseen'))
})
