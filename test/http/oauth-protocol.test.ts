import { expect, test } from '@jest/globals'
import { BrokerError, type BrokerErrorCode } from '../../src/core/broker-error.ts'
import { oauthProtocol } from '../../src/http/oauth-protocol.ts'
import { basicOf, post } from '../support/http-requests.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const NOW = 1_764_000_000_000
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const GRANT = { grant_type: 'password', username: 'ann@contoso.example', password: 'P&ss=wörd+1' }
const read = (fields: Record<string, string>, headers: Record<string, string> = FORM) =>
  oauthProtocol.read(post(form(fields), headers))

test('a form with the password grant, as RFC 6749 section 4.3.2 has it', async () => {
  expect(await read(GRANT)).toEqual({
    username: 'ann@contoso.example',
    password: 'P&ss=wörd+1',
    client: undefined,
    minValidInMs: 0,
  })
})

test.each([
  ['client_id', { ...GRANT, client_id: 'crm' }, {}, 'crm'],
  ['the user of Authorization: Basic', GRANT, basicOf('crm:whatever'), 'crm'],
  ['the form-encoded user of Authorization: Basic', GRANT, basicOf('c%72m:what%3Aever'), 'crm'],
  [
    'scope, where a library has a client id of its own',
    { ...GRANT, client_id: 'lib', scope: 'crm' },
    {},
    'crm',
  ],
  ['nothing', { ...GRANT, client_id: '', scope: '' }, {}, undefined],
])('the profile is named by %s', async (_, fields, headers, client) => {
  expect(await read(fields, { ...FORM, ...headers })).toMatchObject({ client, username: GRANT.username })
})

test('Authorization: Basic is the OAuth client, never the user', async () => {
  const { username, password } = await read(GRANT, { ...FORM, ...basicOf('crm:secret') })
  expect([username, password]).toEqual([GRANT.username, GRANT.password])
  await expect(
    read({ grant_type: 'password' }, { ...FORM, ...basicOf(`${GRANT.username}:${GRANT.password}`) }),
  ).rejects.toMatchObject({ code: 'credentials_missing' })
})

test.each([
  [
    'another grant',
    post(form({ ...GRANT, grant_type: 'client_credentials' }), FORM),
    'unsupported_grant_type',
  ],
  ['no grant', post(form({ username: 'u', password: 'p' }), FORM), 'invalid_request'],
  ['no password', post(form({ grant_type: 'password', username: 'u' }), FORM), 'invalid_request'],
  ['a parameter twice', post(`${form(GRANT)}&username=other`, FORM), 'invalid_request'],
  ['a scope of several words', post(form({ ...GRANT, scope: 'openid profile' }), FORM), 'invalid_request'],
  ['JSON', post(JSON.stringify(GRANT)), 'unsupported_media_type'],
  ['GET', post('', FORM, { method: 'GET' }), 'method_not_allowed'],
  ['9 KiB', post(form({ ...GRANT, x: 'y'.repeat(9000) }), FORM), 'request_too_large'],
])('%s is refused', async (_, http, code) => {
  await expect(oauthProtocol.read(http)).rejects.toMatchObject({ code })
})

test('what is no form is told to be sent as one', async () => {
  await expect(oauthProtocol.read(post(JSON.stringify(GRANT)))).rejects.toMatchObject({
    details: {
      description: 'The body is not declared as a form.',
      remedy: 'Send a form, with the header Content-Type: application/x-www-form-urlencoded.',
    },
  })
})

test('a token is answered as RFC 6749 section 5.1 has it', () => {
  const brokered = {
    token: { value: 'eyJ', acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + 3_071_999 },
    action: 'retrieved new token' as const,
    source: 'memory' as const,
    warnings: [],
    verifiedOnTimestamp: 1_764_000_000_000,
    entryKey: 'k',
  }
  expect(oauthProtocol.tokenResponseOf(brokered, 'id', NOW)).toEqual({
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    },
    jsonBody: { access_token: 'eyJ', token_type: 'Bearer', expires_in: 3071, correlation_id: 'id' },
  })
})

test.each<[BrokerErrorCode, number, string]>([
  ['invalid_request', 400, 'invalid_request'],
  ['method_not_allowed', 405, 'invalid_request'],
  ['request_too_large', 413, 'invalid_request'],
  ['unsupported_media_type', 415, 'invalid_request'],
  ['unsupported_grant_type', 400, 'unsupported_grant_type'],
  ['unknown_client', 400, 'invalid_client'],
  ['not_found', 404, 'invalid_request'],
  ['credentials_missing', 400, 'invalid_request'],
  ['invalid_credentials', 400, 'invalid_grant'],
  ['account_locked', 400, 'invalid_grant'],
  ['password_change_required', 400, 'invalid_grant'],
  ['account_disabled', 400, 'invalid_grant'],
  ['interaction_required', 400, 'invalid_grant'],
  ['policy_blocked', 400, 'invalid_grant'],
  ['consent_required', 400, 'unauthorized_client'],
  ['misconfigured', 500, 'server_error'],
  ['temporarily_unavailable', 503, 'temporarily_unavailable'],
  ['too_many_requests', 429, 'temporarily_unavailable'],
  ['deadline_exceeded', 504, 'temporarily_unavailable'],
  ['internal_error', 500, 'server_error'],
])('%s is %i %s', (code, status, error) => {
  const response = oauthProtocol.errorResponseOf(new BrokerError(code), 'id')
  expect(response).toMatchObject({ status, jsonBody: { error, correlation_id: 'id' } })
  // RFC 6749, section 5.2: %x20-21 / %x23-5B / %x5D-7E.
  const { error_description } = response.jsonBody as { error_description: string }
  expect(error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]{20,}$/)
  expect(Object.keys(response.headers ?? {})).not.toContain('WWW-Authenticate')
})

test('a whole error: what happened, what to do, and the code of Entra ID', () => {
  const error = new BrokerError('interaction_required', { aadsts: 50076 })
  expect(oauthProtocol.errorResponseOf(error, 'id').jsonBody).toEqual({
    error: 'invalid_grant',
    error_description: expect.stringMatching(/^Entra ID wants the user to do something .* multi-factor/),
    broker_error: 'interaction_required',
    aadsts: 50076,
    retryable: false,
    correlation_id: 'id',
  })
})

test('without a grant type it is told what a form looks like, and the log what is missing', async () => {
  await expect(oauthProtocol.read(post(form({ username: 'u', password: 'p' }), FORM))).rejects.toMatchObject({
    details: {
      description: 'grant_type is missing.',
      remedy: 'Send a form such as grant_type=password&username=…&password=….',
      logDetail: 'grant_type is missing.',
    },
  })
})

test('another grant type is not shown in the log', async () => {
  const http = post(form({ ...GRANT, grant_type: 'canary' }), FORM)
  await expect(oauthProtocol.read(http)).rejects.toMatchObject({
    code: 'unsupported_grant_type',
    details: { logDetail: 'grant_type is not password' },
  })
})

test.each([
  ['a plus stands for a space, which no profile has', 'c+rm:x'],
  ['what is not form-encoded is taken as it is, which is no profile either', 'crm%:x'],
])('in the user of Authorization: Basic %s', async (_, credentials) => {
  await expect(read(GRANT, { ...FORM, ...basicOf(credentials) })).rejects.toMatchObject({
    code: 'invalid_request',
    details: { description: 'client must have 1 to 64 letters, digits or hyphens.' },
  })
})

test.each<[string, BrokerError, string]>([
  [
    'of a request that is not as it must be shows a form',
    new BrokerError('invalid_request', { description: 'What happened.', remedy: 'Send JSON.' }),
    'What happened. A request looks like grant_type=password&username=...&password=....',
  ],
  [
    'of anything else says what to do, in the letters that RFC 6749 allows',
    new BrokerError('misconfigured', { description: 'Say "so"…', remedy: 'A\\B\u00fc.' }),
    "Say 'so'... AB.",
  ],
])('the description %s', (_, error, description) => {
  expect(oauthProtocol.errorResponseOf(error, 'id').jsonBody).toMatchObject({
    error_description: description,
  })
})

test.each<[string, () => Promise<unknown>, object]>([
  [
    'a parameter that is sent twice',
    () => oauthProtocol.read(post(`${form(GRANT)}&username=other`, FORM)),
    { description: 'A parameter is sent more than once.', remedy: 'Send each parameter once.' },
  ],
  [
    'a grant type without a value: it is as if it were not sent',
    () => read({ ...GRANT, grant_type: '' }),
    { description: 'grant_type is missing.' },
  ],
  [
    'JSON',
    () => oauthProtocol.read(post('{}')),
    { remedy: 'Send a form, with the header Content-Type: application/x-www-form-urlencoded.' },
  ],
])('what is told of %s', async (_, ask, details) => {
  await expect(ask()).rejects.toMatchObject({ details })
})

test('a scheme that only ends with Basic is another one', async () => {
  const { authorization } = basicOf('crm:x')
  expect(await read(GRANT, { ...FORM, authorization: `x${authorization}` })).toMatchObject({
    client: undefined,
  })
})

test('in Authorization: Basic there may be nothing before the colon, as long as there is a colon', async () => {
  expect(await read(GRANT, { ...FORM, ...basicOf(':x') })).toMatchObject({ client: undefined })
  await expect(read(GRANT, { ...FORM, ...basicOf('x') })).rejects.toMatchObject({
    details: { description: 'The credentials in the Authorization header have no colon between them.' },
  })
})
