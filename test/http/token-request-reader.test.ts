import { HttpRequest } from '@azure/functions'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BrokerError } from '../../src/core/broker-error.ts'
import { errorResponseOf } from '../../src/http/error-response.ts'
import { tokenRequestOf } from '../../src/http/token-request-reader.ts'

const USERNAME = 'canary.user@contoso.example'
const PASSWORD = 'canary-Password-1'
const JSON_TYPE = { 'content-type': 'application/json' }
const basicOf = (credentials: string) => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
})

function post(
  body: string | Uint8Array,
  headers: Record<string, string> = JSON_TYPE,
  method = 'POST',
): HttpRequest {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return new HttpRequest({
    method,
    url: 'http://localhost/requesttoken',
    headers,
    ...(bytes.length > 0 && method !== 'GET' && { body: { bytes } }),
  })
}

const json = (value: unknown) => JSON.stringify(value)
const credentials = { username: USERNAME, password: PASSWORD }

test.each([
  ['the sample of the predecessor', json(credentials), JSON_TYPE, {}],
  ['a charset', json(credentials), { 'content-type': 'Application/JSON; charset="UTF-8"' }, {}],
  ['unknown fields', json({ ...credentials, extra: [1], __proto__x: {} }), JSON_TYPE, {}],
  [
    'a __proto__ key',
    `{"__proto__":{"password":"x"},"username":"${USERNAME}","password":"${PASSWORD}"}`,
    JSON_TYPE,
    {},
  ],
  ['whitespace around the name', json({ username: ` ${USERNAME}\u00a0`, password: PASSWORD }), JSON_TYPE, {}],
  [
    'a profile and a minimum',
    json({ ...credentials, client: 'crm-2', min_valid_seconds: 3000 }),
    JSON_TYPE,
    { client: 'crm-2', minValidInMs: 3_000_000 },
  ],
  ['Basic without a body', '', basicOf(`${USERNAME}:${PASSWORD}`), {}],
  [
    'Basic with a body of options',
    json({ client: 'crm' }),
    { ...JSON_TYPE, ...basicOf(`${USERNAME}:${PASSWORD}`) },
    { client: 'crm' },
  ],
  [
    'lower-case basic',
    '',
    { authorization: basicOf(`${USERNAME}:${PASSWORD}`).authorization.replace('Basic', 'basic') },
    {},
  ],
  ['another scheme beside the body', json(credentials), { ...JSON_TYPE, authorization: 'Bearer x' }, {}],
])('%s is read', async (_, body, headers, rest) => {
  expect(await tokenRequestOf(post(body, headers as Record<string, string>))).toEqual({
    ...credentials,
    client: 'default',
    minValidInMs: 0,
    ...rest,
  })
})

test('a password may hold colons and any letters', async () => {
  const request = await tokenRequestOf(post('', basicOf('zażółć@contoso.example:pä:ß:𝒳')))
  expect(request).toMatchObject({ username: 'zażółć@contoso.example', password: 'pä:ß:𝒳' })
})

test.each<[string, HttpRequest, number, RegExp]>([
  ['GET', post('', {}, 'GET'), 405, /Only POST/],
  ['an empty body', post(''), 400, /The body is empty/],
  ['not JSON', post(`{"username":"${USERNAME}"`), 400, /not JSON/],
  ['bytes that are not UTF-8', post(Buffer.from([0x7b, 0xff, 0x7d])), 400, /not JSON in UTF-8/],
  ['an array', post(json([USERNAME, PASSWORD])), 400, /must be a JSON object/],
  ['a string', post(json(PASSWORD)), 400, /must be a JSON object/],
  ['null', post('null'), 400, /must be a JSON object/],
  ['deep JSON', post('['.repeat(4000) + ']'.repeat(4000)), 400, /must be a JSON object/],
  ['no fields', post('{}'), 400, /username is missing; password is missing/],
  [
    'numbers for strings',
    post(json({ username: 1, password: 2 })),
    400,
    /username must be a string; password must be a string/,
  ],
  ['null for a string', post(json({ ...credentials, password: null })), 400, /password must be a string/],
  [
    'empty strings',
    post(json({ username: '', password: '' })),
    400,
    /username must not be empty; password must not be empty/,
  ],
  ['a blank name', post(json({ ...credentials, username: '  ' })), 400, /username must not be empty/],
  [
    'a lone surrogate',
    post(`{"username":"${USERNAME}","password":"\\ud800"}`),
    400,
    /password must not contain half of a surrogate/,
  ],
  [
    'NUL',
    post(json({ ...credentials, password: `${PASSWORD}\0` })),
    400,
    /password must not contain control characters/,
  ],
  [
    'a line break',
    post(json({ ...credentials, username: `${USERNAME}\n.` })),
    400,
    /username must not contain control/,
  ],
  [
    'whitespace before the password',
    post(json({ ...credentials, password: ` ${PASSWORD}` })),
    400,
    /begin or end with whitespace/,
  ],
  [
    'whitespace after the password',
    post(json({ ...credentials, password: `${PASSWORD}\u00a0` })),
    400,
    /begin or end with whitespace/,
  ],
  [
    'a long name',
    post(json({ ...credentials, username: 'x'.repeat(321) })),
    400,
    /username must have at most 320/,
  ],
  [
    'a long password',
    post(json({ ...credentials, password: 'x'.repeat(513) })),
    400,
    /password must have at most 512/,
  ],
  [
    '10,000 characters',
    post(json({ ...credentials, password: 'x'.repeat(10_000) })),
    413,
    /larger than 8 KiB/,
  ],
  ['a megabyte', post('x'.repeat(1024 * 1024)), 413, /larger than 8 KiB/],
  [
    'a megabyte that is only announced',
    post('{}', { ...JSON_TYPE, 'content-length': '1048576' }),
    413,
    /larger/,
  ],
  [
    'a path in the profile',
    post(json({ ...credentials, client: '../keys' })),
    400,
    /client must have 1 to 64/,
  ],
  ['an empty profile', post(json({ ...credentials, client: '' })), 400, /client must have 1 to 64/],
  [
    'a minimum in text',
    post(json({ ...credentials, min_valid_seconds: '600' })),
    400,
    /min_valid_seconds must be a whole number/,
  ],
  [
    'a fraction',
    post(json({ ...credentials, min_valid_seconds: 0.5 })),
    400,
    /min_valid_seconds must be a whole number/,
  ],
  ['a minimum too small', post(json({ ...credentials, min_valid_seconds: -1 })), 400, /at least 0/],
  ['a minimum too large', post(json({ ...credentials, min_valid_seconds: 3001 })), 400, /at most 3000/],
  ['text/plain', post(json(credentials), { 'content-type': 'text/plain' }), 415, /not declared as JSON/],
  ['no content type', post(json(credentials), {}), 415, /not declared as JSON/],
  [
    'UTF-16',
    post(json(credentials), { 'content-type': 'application/json; charset=utf-16' }),
    415,
    /not declared as JSON/,
  ],
  [
    'Basic and the body',
    post(json(credentials), { ...JSON_TYPE, ...basicOf(`${USERNAME}:${PASSWORD}`) }),
    400,
    /username must not be sent together/,
  ],
  [
    'Basic and a password',
    post(json({ password: PASSWORD }), { ...JSON_TYPE, ...basicOf(`${USERNAME}:${PASSWORD}`) }),
    400,
    /password must not be sent together/,
  ],
  ['Basic without a colon', post('', basicOf(PASSWORD)), 400, /not Basic with base64/],
  ['Basic without anything', post('', { authorization: 'Basic' }), 400, /not Basic with base64/],
  [
    'Basic that is not base64',
    post('', { authorization: `Basic ${PASSWORD}:!` }),
    400,
    /not Basic with base64/,
  ],
  [
    'Basic in Latin-1',
    post('', { authorization: `Basic ${Buffer.from('ü:x', 'latin1').toString('base64')}` }),
    400,
    /UTF-8/,
  ],
  ['Basic with an empty password', post('', basicOf(`${USERNAME}:`)), 400, /password must not be empty/],
])('%s is refused', async (_, request, status, description) => {
  const error = await tokenRequestOf(request).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(BrokerError)
  const response = errorResponseOf(error as BrokerError, 'id')
  const body = response.jsonBody as Record<string, unknown>
  expect(response.status).toBe(status)
  expect(body).toMatchObject({ error: 'invalid_request', retryable: false, correlation_id: 'id' })
  expect(body['description']).toMatch(description)
  expect(body['remedy']).toEqual(expect.stringMatching(/\.$/))
  expect(new Headers(response.headers as Record<string, string>).get('content-type')).toBe('application/json')
  for (const secret of [USERNAME, PASSWORD, 'xxxx']) expect(json(response)).not.toContain(secret)
})

test('whatever the body, there is a request or an error of ours', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.record({ username: fc.anything(), password: fc.string() }).map(json),
      ),
      async (body) => {
        const outcome = await tokenRequestOf(post(body)).catch((thrown: unknown) => thrown)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(BrokerError)
      },
    ),
    { numRuns: 300 },
  )
})
