import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { generate } from 'selfsigned'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { identityObjectId } from '../../local/managed-identity/managed-identity-emulator.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const CLIENT_ID = 'a991ca71-5b1e-4c1f-9d39-0b7a5c1de0aa'
const RESOURCE = 'https://contoso.crm.dynamics.com'
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())

const profile = (fields: object) =>
  broker.keyVault.setSecret(
    `client-${name}`,
    JSON.stringify({
      authority: broker.entra.authority(),
      clientId: CLIENT_ID,
      resource: RESOURCE,
      clientSecret: 'a-client-secret',
      grants: ['client_credentials'],
      ...fields,
    }),
  )
let names = 0
let name: string
beforeEach(async () => {
  clock.advance(7200)
  broker.entra.setApplication({
    clientId: CLIENT_ID,
    publicClientFlows: false,
    clientSecret: 'a-client-secret',
    federatedSubject: identityObjectId,
  })
  await broker.reset()
  name = `sync-${++names}`
  profile({})
})

// The timer renews what is left.
afterEach(async () => {
  await administer('DELETE', `/${name}`)
})

const administer = (method: string, path: string, body?: unknown) =>
  broker.call(`/connections${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-functions-key': 'canary-admin-key' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const make = (fields: object = {}) =>
  administer('PUT', `/${name}`, { client: name, grant: 'client_credentials', ...fields })
const ask = (secret: unknown, fields: object = {}) =>
  broker.requestToken({ username: name, password: secret, ...fields })
const grants = () => broker.entra.calls.map(({ grantType }) => grantType)

describe('a connection of an application, through msal-node', () => {
  test('is made with its first token, and a flow gets tokens for its secret', async () => {
    const made = await make({ username: 'svc@contoso.example', owner: 'the CRM team' })
    expect(made.status).toBe(201)
    expect(made.json).toEqual({
      secret: expect.stringMatching(/^etb_[\w-]{49}$/),
      name,
      id: expect.stringMatching(/^[\w-]{22}$/),
      state: 'connected',
      grant: 'client_credentials',
      client: name,
      username: 'svc@contoso.example',
      owner: 'the CRM team',
      connect_url: null,
      redirect_uri: null,
      created_on: new Date().toISOString(),
      connected_on: new Date().toISOString(),
      last_used: new Date().toISOString(),
      expires_on: new Date(Date.now() + 3_599_000).toISOString(),
      lapses_on_about: null,
      former_secret_ends: null,
      failures: 0,
      last_failure: null,
    })
    expect(grants()).toEqual(['client_credentials'])
    const { status, json } = await ask(made.json['secret'], { username: 'SVC@contoso.example' })
    expect([status, json['action']]).toEqual([200, 'returned existing token'])
    const claims = await broker.entra.verifyAccessToken(String(json['accesstoken']))
    expect(claims).toMatchObject({ aud: RESOURCE, appid: CLIENT_ID, idtyp: 'app' })
    expect(grants()).toEqual(['client_credentials'])
  })

  test('outlives a restart, a week unused and an hour without Entra ID', async () => {
    const { secret } = (await make()).json
    await broker.restart()
    expect((await ask(secret)).json['action']).toBe('returned existing token')
    clock.advance(8 * 86_400)
    await broker.runTimer()
    expect((await ask(secret)).json['action']).toBe('retrieved new token to replace expired token')
    const startAgain = await broker.stopEntra()
    clock.advance(3500)
    expect(await ask(secret)).toMatchObject({
      status: 200,
      json: { warnings: [expect.stringContaining('identity_provider_unavailable')] },
    })
    clock.advance(3600)
    expect((await ask(secret)).status).toBe(503)
    await startAgain()
    clock.advance(60)
    expect((await ask(secret)).json['action']).toBe('retrieved new token to replace expired token')
  })

  test('is renewed by the timer before it is asked for', async () => {
    const { secret } = (await make()).json
    const first = (await ask(secret)).json['accesstoken']
    clock.advance(3000)
    broker.entra.calls.length = 0
    await broker.runTimer()
    expect(grants()).toEqual(['client_credentials'])
    await broker.restart()
    const { json } = await ask(secret)
    expect(json['action']).toBe('returned existing token')
    expect(json['accesstoken']).not.toBe(first)
    expect(grants()).toEqual(['client_credentials'])
  })

  test('proves itself with the managed identity, without a secret', async () => {
    profile({ clientSecret: undefined, assertion: 'managed_identity' })
    const { status, json } = await make()
    expect(status).toBe(201)
    expect((await ask(json['secret'])).status).toBe(200)
    broker.entra.setApplication({
      clientId: CLIENT_ID,
      publicClientFlows: false,
      federatedSubject: 'another identity',
    })
    expect(
      (await administer('PUT', `/${name}-b`, { client: name, grant: 'client_credentials' })).json,
    ).toMatchObject({ error: 'misconfigured', aadsts: 700027 })
  })

  test('proves itself with a certificate', async () => {
    const { cert: certificate, private: privateKey } = await generate(
      [{ name: 'commonName', value: 'broker' }],
      { algorithm: 'sha256' },
    )
    broker.entra.setApplication({
      clientId: CLIENT_ID,
      publicClientFlows: false,
      certificatePem: certificate,
    })
    profile({ clientSecret: undefined, certificate: { certificate, privateKey } })
    const { status, json } = await make()
    expect(status).toBe(201)
    expect((await ask(json['secret'])).json['action']).toBe('returned existing token')
  })

  test('is not made when the client secret is wrong: the answer names the code, and there is no connection', async () => {
    broker.entra.setApplication({
      clientId: CLIENT_ID,
      publicClientFlows: false,
      clientSecret: 'another-client-secret',
    })
    const { status, json } = await make()
    expect([status, json['error'], json['aadsts']]).toEqual([500, 'misconfigured', 7000215])
    expect((await administer('GET', `/${name}`)).status).toBe(404)
  })
})

describe('a secret', () => {
  test('that is wrong, mistyped, cut off or in the wrong field is 401, and Entra ID is not asked', async () => {
    const secret = String((await make()).json['secret'])
    broker.entra.calls.length = 0
    const wrong: [string, object][] = [
      [
        'another one',
        {
          password: String((await administer('POST', `/${name}/secret`, {})).json['secret']),
          username: 'nobody-knows',
        },
      ],
      ['cut off', { password: secret.slice(0, -4) }],
      ['mistyped', { password: secret.replace(/..$/, '--') }],
      ['as the user name', { username: secret, password: 'Correct-Horse-Battery-1' }],
    ]
    for (const [what, fields] of wrong) {
      const { status, json, text } = await ask(secret, fields)
      expect([what, status, json['error']]).toEqual([what, 401, 'invalid_credentials'])
      expect(text).not.toContain(secret.slice(4, 20))
    }
    expect(grants()).toEqual([])
    expect(broker.logs.join('\n')).not.toContain(secret.slice(4, 20))
  })

  test('is changed under running flows: both hold, none is refused, Entra ID is not asked', async () => {
    const before = (await make()).json['secret']
    broker.entra.calls.length = 0
    const changed = await administer('POST', `/${name}/secret`, { overlap_seconds: 600 })
    expect(changed.json).toMatchObject({
      secret: expect.stringMatching(/^etb_/),
      former_secret_ends: new Date(Date.now() + 600_000).toISOString(),
    })
    for (let n = 0; n < 5; n++) {
      expect((await ask(before)).status).toBe(200)
      expect((await ask(changed.json['secret'])).status).toBe(200)
    }
    expect(grants()).toEqual([])
    clock.advance(600)
    await broker.restart()
    expect((await ask(before)).status).toBe(401)
    expect((await ask(changed.json['secret'])).status).toBe(200)
  })
})

test.each([
  [604_801, 'overlap_seconds must be at most 604800'],
  [-1, 'overlap_seconds must be at least 0'],
  [0.5, 'overlap_seconds must be a whole number'],
  ['3600', 'overlap_seconds must be a whole number'],
  [Number.MAX_SAFE_INTEGER + 2, 'overlap_seconds must be'],
])('the secret of before does not hold for %p seconds', async (overlap_seconds, words) => {
  const { secret } = (await make()).json
  const { status, json } = await administer('POST', `/${name}/secret`, { overlap_seconds })
  expect([status, json['error']]).toEqual([400, 'invalid_request'])
  expect(json['description']).toContain(words)
  expect((await ask(secret)).status).toBe(200)
})

describe('at the token endpoint, for OAuth libraries', () => {
  const grant = (fields: Record<string, string>) =>
    broker.call('/oauth2/token', {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', username: name, ...fields }),
    })

  test('a secret is a password like others', async () => {
    const password = String((await make()).json['secret'])
    for (const fields of [{}, { client_id: name }, { username: 'svc@contoso.example', scope: name }]) {
      const { status, json } = await grant({ password, ...fields })
      expect([status, Object.keys(json)]).toEqual([
        200,
        ['access_token', 'token_type', 'expires_in', 'correlation_id'],
      ])
    }
  })

  test('what is wrong is said in the words of RFC 6749, section 5.2', async () => {
    const password = String((await make()).json['secret'])
    const answerTo = async (fields: Record<string, string>) => {
      const { status, json } = await grant({ password, ...fields })
      return [status, json['error'], json['broker_error']]
    }
    expect(await answerTo({ client_id: 'default' })).toEqual([400, 'invalid_request', 'invalid_request'])
    expect(await answerTo({ username: 'no-such' })).toEqual([400, 'invalid_grant', 'invalid_credentials'])
    expect(await answerTo({ password: 'etb_nothing' })).toEqual([400, 'invalid_grant', 'invalid_credentials'])
    profile({ grants: ['authorization_code'] })
    await broker.restart()
    expect(await answerTo({})).toEqual([400, 'invalid_grant', 'policy_blocked'])
  })
})

describe('administration', () => {
  test('lists, shows and deletes; each act has its audit line', async () => {
    const { secret } = (await make()).json
    expect((await make()).status).toBe(200)
    expect((await make({ grant: 'authorization_code', username: 'a@contoso.example' })).status).toBe(409)
    expect((await make({ username: 'a@contoso.example' })).json['error']).toBe('conflict')
    const list = await administer('GET', '?page_size=200')
    const listed = (list.json['connections'] as { name: string }[]).map((each) => each.name)
    expect(listed).toContain(name)
    expect((await administer('DELETE', `/${name}`)).status).toBe(204)
    expect((await administer('DELETE', `/${name}`)).status).toBe(404)
    expect((await ask(secret)).status).toBe(401)
    const lines = broker
      .logged('operator_action')
      .map(({ action, principal, connection, status }) => [action, principal, connection, status])
    expect(lines).toEqual([
      ['connection_make', 'master key', name, 201],
      ['connection_make', 'master key', name, 200],
      ['connection_make', 'master key', name, 409],
      ['connection_make', 'master key', name, 409],
      ['connection_list', 'master key', undefined, 200],
      ['connection_delete', 'master key', name, 204],
      ['connection_delete', 'master key', undefined, 404],
    ])
    expect(JSON.stringify([list.json, broker.logs])).not.toContain(String(secret))
  })

  test.each([
    ['a name with other letters', '/na_me', {}, 'The name of a connection'],
    ['no grant', '/x', { client: 'sync' }, 'grant must be one of'],
    ['an unknown grant', '/x', { client: 'sync', grant: 'device_code' }, 'grant must be one of'],
    [
      'an owner of two lines',
      '/x',
      { client: 'sync', grant: 'client_credentials', owner: 'a\nb' },
      'owner must',
    ],
    ['no JSON', '/x', 'text', 'The body must be a JSON object'],
  ])('refuses %s', async (_, path, body, words) => {
    const { status, json } = await administer('PUT', path, body)
    expect([status, json['error']]).toEqual([400, 'invalid_request'])
    expect(json['description']).toContain(words)
  })

  test.each(['/connections', '/tokens'])('%s goes on from nothing that it has not given', async (path) => {
    for (const next of ['AAAA', 'eyJ4', 'bnVsbA==', 'MQ==', 'e30=']) {
      const { status, json } = await broker.call(`${path}?next=${encodeURIComponent(next)}`)
      expect([next, status, json['description']]).toEqual([
        next,
        400,
        'next is not one that this list has given.',
      ])
    }
    expect(broker.logged('operator_action').map(({ error }) => error)).toEqual(
      Array.from({ length: 5 }, () => 'invalid_request'),
    )
  })

  test('with the master key alone, a profile without grants gives nothing', async () => {
    profile({ grants: undefined })
    const { status, json } = await make()
    expect([status, json['remedy']]).toEqual([
      400,
      `Add "grants": ["client_credentials"] to the JSON of the secret client-${name}.`,
    ])
    expect(grants()).toEqual([])
  })
})

test('what a profile allows to be connected does not touch its tokens: nobody signs in again', async () => {
  const user = { username: `${name}@contoso.example`, password: 'Correct-Horse-Battery-2', client: name }
  broker.entra.setUser(user)
  profile({ grants: undefined })
  const { accesstoken } = (await broker.requestToken(user)).json
  broker.entra.calls.length = 0
  profile({ grants: ['authorization_code', 'client_credentials'] })
  await broker.restart()
  expect((await broker.requestToken(user)).json['accesstoken']).toBe(accesstoken)
  expect(grants()).toEqual([])
})

test('the log names a connection only if it exists', async () => {
  const { secret } = (await make()).json
  await ask(secret)
  await ask('etb_nothing', { username: 'no-such-connection' })
  const lines = broker.logged('token_request').map(({ connection, status }) => [connection, status])
  expect(lines).toEqual([
    [name, 200],
    [undefined, 401],
  ])
  expect(broker.logs.join('\n')).not.toContain('no-such-connection')
})

test('without the table everything that is no secret is as before, and a secret is 503', async () => {
  const { secret } = (await make()).json
  const right = await broker.requestToken()
  await new TableClient(
    broker.azurite.tableServiceUrl,
    'connections',
    new ManagedIdentityCredential(),
  ).deleteTable()
  await broker.restart()
  expect((await broker.requestToken()).json['accesstoken']).toBe(right.json['accesstoken'])
  expect((await ask(secret)).status).toBe(503)
  expect((await ask('etb_nothing')).status).toBe(401)
})
