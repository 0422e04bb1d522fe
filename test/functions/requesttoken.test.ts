import { expect, test } from '@jest/globals'
import type { HttpRequest } from '@azure/functions'
import { BrokerError } from '../../src/core/broker-error.ts'
import type { BrokeredToken } from '../../src/core/request/brokered-token.ts'
import type { TokenRequest } from '../../src/core/request/token-request.ts'
import { createRequestTokenHandler, type RequestTokenOptions } from '../../src/functions/requesttoken.ts'
import { createCallerNames } from '../../src/http/caller.ts'
import { JSON_TYPE, post, postStream } from '../support/http-requests.ts'
import { createInvocation, INVOCATION_ID } from '../support/invocation.ts'

const NOW = 1_764_000_000_000
const USERNAME = 'canary.user@contoso.example'
const PASSWORD = 'canary-Password-1'
const TOKEN = 'canary-token'
const BODY = JSON.stringify({ username: USERNAME, password: PASSWORD, client: 'crm' })
const HEADERS = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
}
const BROKERED: BrokeredToken = {
  token: { value: TOKEN, acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + 3_071_999 },
  action: 'returned existing token',
  source: 'memory',
  warnings: [],
  verifiedOnTimestamp: 1_764_000_000_000,
  entryKey: 'user-hash',
}
const anyDuration = expect.any(Number)

async function call(
  outcome: BrokeredToken | Error | Promise<never>,
  { http = post(BODY), ...rest }: Partial<RequestTokenOptions> & { http?: HttpRequest } = {},
) {
  const { context, lines } = createInvocation('requesttoken')
  const asked: TokenRequest[] = []
  const tokenSource = async (request: TokenRequest) => {
    asked.push(request)
    if (outcome instanceof Error) throw outcome
    return outcome
  }
  const handler = createRequestTokenHandler(() => ({
    tokenSource,
    now: () => NOW,
    deadlineInMs: 10_000,
    resolveCaller: async () => undefined,
    ...rest,
  }))
  const response = await handler(http, context)
  for (const secret of [USERNAME, PASSWORD, TOKEN]) expect(JSON.stringify(lines)).not.toContain(secret)
  return { response, lines, asked }
}

test('a token is answered in the words of the predecessor, and logged as information without it', async () => {
  const { response, lines, asked } = await call(BROKERED)
  expect(response).toEqual({
    status: 200,
    headers: HEADERS,
    jsonBody: {
      accesstoken: TOKEN,
      expires_on: '1764003071',
      action: 'returned existing token',
      token_type: 'Bearer',
      expires_in: 3071,
      correlation_id: INVOCATION_ID,
    },
  })
  expect(lines).toEqual([
    [
      'information',
      {
        event: 'token_request',
        client: 'crm',
        userHash: 'user-hash',
        action: 'returned existing token',
        source: 'memory',
        status: 200,
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
  expect(asked).toEqual([
    { username: USERNAME, password: PASSWORD, client: 'crm', minValidInMs: 0, correlationId: INVOCATION_ID },
  ])
})

test('a degraded answer is a warning', async () => {
  const { response, lines } = await call({
    ...BROKERED,
    warnings: [{ code: 'token_not_stored', detail: 'RestError 403' }, { code: 'stored_token_unreadable' }],
    correlationId: 'joined',
  })
  expect(response).toMatchObject({
    status: 200,
    jsonBody: {
      correlation_id: 'joined',
      warnings: [
        'token_not_stored: The token store could not be written, so the next request may have to wait for Entra ID.',
        'stored_token_unreadable: The stored token could not be opened and was replaced.',
      ],
    },
  })
  expect(lines).toEqual([
    [
      'warning',
      {
        event: 'token_request',
        client: 'crm',
        userHash: 'user-hash',
        action: 'returned existing token',
        source: 'memory',
        status: 200,
        warnings: ['token_not_stored (RestError 403)', 'stored_token_unreadable'],
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test.each<[string, Error, string, Record<string, unknown>]>([
  [
    'a wrong password',
    new BrokerError('invalid_credentials', { entryKey: 'user-hash', aadsts: 50126 }),
    'information',
    { userHash: 'user-hash', status: 401, error: 'invalid_credentials', aadsts: 50126 },
  ],
  [
    'a locked account',
    new BrokerError('account_locked', { logDetail: 'guard' }),
    'information',
    { status: 423, error: 'account_locked', detail: 'guard' },
  ],
  [
    'an outage',
    new BrokerError('temporarily_unavailable', { logDetail: 'ECONNREFUSED' }),
    'error',
    { status: 503, error: 'temporarily_unavailable', detail: 'ECONNREFUSED' },
  ],
  ['a wrong secret', new BrokerError('misconfigured'), 'error', { status: 500, error: 'misconfigured' }],
  [
    'a fault of our own',
    new TypeError(`cannot read ${PASSWORD}`),
    'error',
    { status: 500, error: 'internal_error', detail: 'TypeError' },
  ],
])("%s: the caller's fault is information, ours an error", async (_, error, level, fields) => {
  const { response, lines } = await call(error)
  expect(response).toMatchObject({ status: fields['status'] })
  expect(lines).toEqual([
    [
      level,
      {
        event: 'token_request',
        client: 'crm',
        ...fields,
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test('a malformed request is information, and the log says which field', async () => {
  const { response, lines, asked } = await call(BROKERED, { http: post('{"username":"x"}') })
  expect(response).toMatchObject({ status: 400 })
  expect(lines).toEqual([
    [
      'information',
      {
        event: 'token_request',
        status: 400,
        error: 'invalid_request',
        detail: 'password is missing.',
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
  expect(asked).toEqual([])
})

test('wrong app settings are an answer as well', async () => {
  const { context, lines } = createInvocation('requesttoken')
  const handler = createRequestTokenHandler(() => {
    throw new BrokerError('misconfigured', { logDetail: 'App settings: KEY_VAULT_URL is missing' })
  })
  expect(await handler(post(BODY), context)).toMatchObject({ status: 500 })
  expect(lines).toEqual([
    [
      'error',
      {
        event: 'token_request',
        status: 500,
        error: 'misconfigured',
        detail: 'App settings: KEY_VAULT_URL is missing',
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

const never = new Promise<never>(() => {})

test.each<[string, Parameters<typeof call>[1], string | undefined]>([
  ['the broker', {}, 'crm'],
  [
    'the rest of the body',
    {
      http: postStream(
        (async function* () {
          yield Buffer.from('{"username":')
          await never
        })(),
      ),
    },
    undefined,
  ],
])('the deadline ends the wait for %s', async (_, options, client) => {
  const { response, lines } = await call(never, { ...options, deadlineInMs: 5 })
  expect(response).toEqual({
    status: 504,
    headers: HEADERS,
    jsonBody: {
      error: 'deadline_exceeded',
      description: 'The answer took too long. The broker goes on in the background.',
      remedy: 'Try again: the token may be there by then.',
      retryable: true,
      correlation_id: INVOCATION_ID,
    },
  })
  expect(lines).toEqual([
    [
      'error',
      {
        event: 'token_request',
        ...(client !== undefined && { client }),
        status: 504,
        error: 'deadline_exceeded',
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test('the line names the caller by a digest, whatever the answer', async () => {
  const http = (body: string) => post(body, { ...JSON_TYPE, 'x-functions-key': 'canary-key' })
  const digest = async (...parts: string[]) => `digest of ${parts[0]} and more`
  const resolveCaller = createCallerNames({ digest, trustsPrincipal: false })
  const served = await call(BROKERED, { http: http(BODY), resolveCaller })
  const refused = await call(BROKERED, { http: http('{'), resolveCaller })
  const lines = [...served.lines, ...refused.lines].map(([, line]) => line)
  expect(lines.map(({ status, caller }) => [status, caller])).toEqual([
    [200, 'digest of functi'],
    [400, 'digest of functi'],
  ])
  expect(JSON.stringify(lines)).not.toContain('canary-key')
})
