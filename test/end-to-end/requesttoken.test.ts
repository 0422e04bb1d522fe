import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { LIFETIME, PASSWORD, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const RETRIEVED = 'retrieved new token'
const EXISTING = 'returned existing token'
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
/** Whom no test before has signed in. */
let user: { username: string; password: string }
let users = 0
beforeEach(async () => {
  await broker.reset()
  user = { username: `user${++users}@contoso.example`, password: 'Correct-Horse-Battery-2' }
  broker.entra.setUser(user)
})

const grants = () => broker.entra.calls.map(({ grantType }) => grantType)

/** Gets a first token for the user, and forgets who was asked for it. */
async function signIn(): Promise<Record<string, unknown>> {
  const { json } = await broker.requestToken(user)
  expect(json).toMatchObject({ action: RETRIEVED, expires_in: LIFETIME })
  expect(grants()).toEqual(['password'])
  broker.entra.calls.length = 0
  broker.keyVault.calls.length = 0
  return json
}

test("the predecessor's sample request gets the predecessor's three fields, and more", async () => {
  const answer = await broker.call('/requesttoken', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' },
    body: `{\n\t"username":"${user.username}",\n\t"password":"${user.password}"\n}`,
  })
  expect(answer.status).toBe(200)
  expect(answer.json).toEqual({
    accesstoken: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
    expires_on: String(Math.floor(Date.now() / 1000) + LIFETIME),
    action: RETRIEVED,
    token_type: 'Bearer',
    expires_in: LIFETIME,
    correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(Object.keys(answer.json).slice(0, 3)).toEqual(['accesstoken', 'expires_on', 'action'])
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    pragma: 'no-cache',
  })
  const claims = await broker.entra.verifyAccessToken(String(answer.json['accesstoken']))
  expect(claims).toMatchObject({ aud: 'https://contoso.crm.dynamics.com', upn: user.username })
  expect(grants()).toEqual(['password'])
  expect(broker.entra.calls[0]?.correlationId).toBe(answer.json['correlation_id'])
})

test('a second call is answered from memory: no call to the identity provider, to the vault or to the table', async () => {
  const { accesstoken } = await signIn()
  const second = await broker.requestToken(user)
  expect(second.json).toMatchObject({ accesstoken, action: EXISTING })
  expect(grants()).toEqual([])
  expect(broker.keyVault.calls).toEqual([])
  expect(broker.logged('token_request').at(-1)).toMatchObject({ source: 'memory' })
})

test('after a restart a token is served from the table', async () => {
  const { accesstoken } = await signIn()
  await broker.restart()
  const after = await broker.requestToken(user)
  expect(after.json).toMatchObject({ accesstoken, action: EXISTING })
  expect(grants()).toEqual([])
  expect(broker.logged('token_request').at(-1)).toMatchObject({ source: 'store' })
})

test('the case of the user name does not matter', async () => {
  const { accesstoken } = await signIn()
  const { json } = await broker.requestToken({ ...user, username: user.username.toUpperCase() })
  expect(json).toMatchObject({ accesstoken, action: EXISTING })
})

test('Basic credentials are as good as those in the body', async () => {
  const authorization = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`
  const answer = await broker.call('/requesttoken', { method: 'POST', headers: { authorization } })
  expect(answer.json).toMatchObject({ action: RETRIEVED })
  expect((await broker.requestToken(user)).json).toMatchObject({
    accesstoken: answer.json['accesstoken'],
    action: EXISTING,
  })
})

test('a client that sends credentials only when asked is asked, and then served', async () => {
  const first = await broker.call('/requesttoken', { method: 'POST' })
  expect([first.status, first.headers.get('www-authenticate'), first.json]).toEqual([
    401,
    'Basic realm="entra-token-broker", charset="UTF-8"',
    {
      error: 'invalid_request',
      description: 'The request holds no user name and no password.',
      remedy:
        'Send them as Authorization: Basic (base64 of username:password in UTF-8), or as JSON in the body: ' +
        '{"username": "user@contoso.com", "password": "…"}.',
      retryable: false,
      correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ])
  expect(broker.logged('token_request').at(-1)).toMatchObject({ error: 'credentials_missing', status: 401 })
  const authorization = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`
  const second = await broker.call('/requesttoken', { method: 'POST', headers: { authorization } })
  expect(second.status).toBe(200)
})

test('with more than the threshold left the token is served, with less it is refreshed', async () => {
  await signIn()
  clock.advance(LIFETIME - 601)
  const existing = await broker.requestToken(user)
  expect(existing.json).toMatchObject({ action: EXISTING, expires_in: 601 })
  clock.advance(1)
  const refreshed = await broker.requestToken(user)
  expect(refreshed.json).toMatchObject({ action: 'refreshed existing token', expires_in: LIFETIME })
  expect(refreshed.json['accesstoken']).not.toBe(existing.json['accesstoken'])
  expect(grants()).toEqual(['refresh_token'])
})

test('after its end a token is acquired anew', async () => {
  await signIn()
  clock.advance(LIFETIME)
  const { json } = await broker.requestToken(user)
  expect(json).toMatchObject({
    action: 'retrieved new token to replace expired token',
    expires_in: LIFETIME,
  })
  expect(grants()).toEqual(['password'])
})

test('min_valid_seconds refreshes a token that lives too short for the caller', async () => {
  await signIn()
  clock.advance(LIFETIME - 1000)
  expect((await broker.requestToken(user)).json).toMatchObject({ action: EXISTING })
  expect((await broker.requestToken({ ...user, min_valid_seconds: 1000 })).json).toMatchObject({
    action: 'refreshed existing token',
  })
  expect((await broker.requestToken({ ...user, min_valid_seconds: 3000 })).json).toMatchObject({
    action: EXISTING,
  })
})

test('min_valid_seconds beyond the life of a new token is an error that says so', async () => {
  broker.entra.accessTokenLifetimeInSeconds = 1200
  const answer = await broker.requestToken({ ...user, min_valid_seconds: 1500 })
  expect(answer.status).toBe(400)
  expect(answer.json).toMatchObject({
    error: 'invalid_request',
    description:
      'min_valid_seconds asks for 1500 s, but the token lives only 1200 s, and a new one would not live longer.',
    remedy: 'Ask for less, or leave min_valid_seconds out.',
  })
})

test('fifty first calls at once make one call to the identity provider', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => broker.requestToken(user)))
  expect(new Set(answers.map(({ json }) => json['accesstoken'])).size).toBe(1)
  // On a busy machine the last of them may come when the token is there already.
  const actions = new Set(answers.map(({ json }) => json['action']))
  actions.delete(EXISTING)
  expect([...actions]).toEqual([RETRIEVED])
  expect(grants()).toEqual(['password'])
})

test('names and passwords in any script work', async () => {
  user = { username: 'zażółć.гусь@contoso.example', password: 'pä:ß 𝒳 пароль' }
  broker.entra.setUser(user)
  const { status, json } = await broker.requestToken(user)
  expect([status, json['action']]).toEqual([200, RETRIEVED])
  const claims = await broker.entra.verifyAccessToken(String(json['accesstoken']))
  expect(claims).toMatchObject({ upn: user.username })
})

test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])('%s is answered 405', async (method) => {
  const answer = await broker.call('/requesttoken', { method })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('allow')).toBe('POST')
  if (method !== 'HEAD') expect(answer.json).toMatchObject({ error: 'invalid_request', retryable: false })
})

test('one line is logged for each request, with allow-listed fields alone', async () => {
  await broker.requestToken(user)
  await broker.requestToken({ ...user, password: 'wrong' })
  await broker.call('/requesttoken', { method: 'POST', body: '{' })
  expect(broker.logs).toHaveLength(3)
  const fields = ['event', 'client', 'action', 'source', 'userHash', 'status', 'error', 'aadsts', 'detail']
  const more = ['caller', 'durationMs', 'correlationId', 'warnings', 'providerCalls']
  const allowed = new Set([...fields, ...more])
  const lines = broker.logged('token_request')
  expect(lines.flatMap((line) => Object.keys(line)).filter((name) => !allowed.has(name))).toEqual([])
  expect(lines.map(({ status }) => status)).toEqual([200, 401, 415])
  expect(lines[0]?.['userHash']).toBe(lines[1]?.['userHash'])
})
