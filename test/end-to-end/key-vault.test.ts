import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { LIFETIME, startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'

const clock = stopClock()
const newKey = (seed: number) => createHash('sha256').update(String(seed)).digest('base64')
let broker: TestBroker
let profile: Record<string, unknown>
beforeAll(async () => {
  broker = await startBroker()
  profile = JSON.parse(broker.keyVault.currentValue('client-default') ?? '') as Record<string, unknown>
})
afterAll(() => broker.close())
beforeEach(async () => {
  // Past every token and everything that the broker knows of the vault.
  clock.advance(2 * LIFETIME)
  await broker.reset()
})

const readsOf = (secret: string) =>
  broker.keyVault.calls.filter((call) => call.startsWith(`GET /secrets/${secret}`)).length
/** A profile that was just made is found within 30 s. */
const setProfile = (name: string, value: unknown) => {
  clock.advance(30)
  broker.keyVault.setSecret(`client-${name}`, typeof value === 'string' ? value : JSON.stringify(value))
}

test('secrets are read once in five minutes, however many requests there are', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => broker.requestToken({ username: `user${n}@contoso.example` })),
  )
  clock.advance(299)
  await broker.requestToken({ username: 'later@contoso.example' })
  expect(['client-default', 'token-cache-encryption-key', 'token-cache-index-key'].map(readsOf)).toEqual([
    1, 1, 1,
  ])
  clock.advance(1)
  await broker.requestToken({ username: 'latest@contoso.example' })
  expect(readsOf('client-default')).toBe(2)
})

test('a new version of a profile is picked up without a restart, and tokens of the old one are not served', async () => {
  await broker.requestToken()
  setProfile('default', { ...profile, resource: 'https://graph.microsoft.com' })
  expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
  clock.advance(301)
  // The first request asks beside what it is given.
  await broker.requestToken({ username: 'first@contoso.example' })
  await eventually(() => readsOf('client-default') > 1)
  const { json } = await broker.requestToken()
  expect(json).toMatchObject({ action: 'retrieved new token' })
  expect(await broker.entra.verifyAccessToken(String(json['accesstoken']))).toMatchObject({
    aud: 'https://graph.microsoft.com',
  })
})

test('a new encryption key seals new writes, the old one opens until it is disabled', async () => {
  // Nothing of the test before may be held.
  await broker.restart()
  await broker.requestToken()
  broker.keyVault.setSecret('token-cache-encryption-key', newKey(1))
  await broker.restart()
  expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
  clock.advance(LIFETIME - 600)
  expect((await broker.requestToken()).json).toMatchObject({ action: 'refreshed existing token' })
  // Sealed anew by the refresh: the newest key alone is enough now.
  broker.keyVault.setSecret('token-cache-encryption-key', newKey(2))
  await broker.restart()
  expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
})

test('an entry whose key was disabled is a miss with a warning, and is replaced', async () => {
  const version = broker.keyVault.setSecret('token-cache-encryption-key', newKey(3))
  await broker.restart()
  await broker.requestToken()
  broker.keyVault.setSecret('token-cache-encryption-key', newKey(4))
  broker.keyVault.disableSecret('token-cache-encryption-key', version)
  await broker.restart()
  expect((await broker.requestToken()).json).toMatchObject({
    action: 'retrieved new token',
    warnings: ['stored_token_unreadable: The stored token could not be opened and was replaced.'],
  })
  await broker.restart()
  const { json } = await broker.requestToken()
  expect(json).toMatchObject({ action: 'returned existing token' })
  expect(json).not.toHaveProperty('warnings')
})

test.each([
  ['503', { kind: 'status', status: 503 } as const],
  [
    '403 without permission',
    { kind: 'status', status: 403, body: { error: { code: 'Forbidden' } } } as const,
  ],
  ['429 without a body', { kind: 'status', status: 429 } as const],
  ['no answer', { kind: 'hang' } as const],
  ['a connection that ends', { kind: 'reset' } as const],
])('while the vault answers with %s, the last known good is used', async (_, fault) => {
  // The limit is for the tables, too, which a busy machine needs time to reach.
  if (fault.kind === 'hang') await broker.restart({ STORAGE_TIMEOUT: '3' })
  await eventually(async () => (await broker.requestToken()).status === 200)
  clock.advance(LIFETIME)
  broker.keyVault.fault = fault
  const { status, json } = await broker.requestToken()
  expect([status, json['action']]).toEqual([200, 'retrieved new token to replace expired token'])
})

test('with the vault down from the start there is a 503 with Retry-After, and recovery needs nothing', async () => {
  await broker.restart()
  broker.keyVault.fault = { kind: 'status', status: 503 }
  const answer = await broker.requestToken()
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('15')
  expect(broker.entra.calls).toEqual([])
  expect(broker.logged('token_request').at(-1)).toMatchObject({
    error: 'temporarily_unavailable',
    detail: expect.stringMatching(/^Key Vault: secret [a-z-]+: RestError 503/),
  })
  broker.keyVault.fault = undefined
  expect((await broker.requestToken()).status).toBe(200)
})

let profiles = 0
const PEM = '-----BEGIN PRIVATE KEY-----\nnever-shown\n-----END PRIVATE KEY-----'
test.each<[string, unknown, RegExp]>([
  ['not JSON', '{never-shown', /is not JSON$/],
  [
    'quotes around it',
    `'{"clientSecret":"never-shown"}'`,
    /is in quotes: save the JSON without those around it$/,
  ],
  [
    'UTF-16',
    Buffer.from('{"clientSecret":"never-shown"}', 'utf16le').toString(),
    /is in UTF-16: save it as UTF-8$/,
  ],
  ['no clientId', { clientId: undefined }, /clientId must be a string/],
  ['an empty clientId', { clientId: '' }, /clientId must not be empty/],
  ['a misspelt field', { cliendSecret: 'never-shown' }, /Unrecognized key: "cliendSecret"/],
  ['authority and tenantId', { tenantId: 'never-shown' }, /exactly one of authority and tenantId/],
  ['neither of them', { authority: undefined }, /exactly one of authority and tenantId/],
  ['scopes and resource', { scopes: ['never-shown'] }, /exactly one of scopes and resource/],
  ['no scopes', { resource: undefined, scopes: [] }, /scopes must not be empty/],
  ['http', { authority: 'http://never-shown/tenant' }, /authority must be https:\/\/<host>\/<tenant>/],
  ['a token endpoint', { authority: 'https://never-shown/t/oauth2/token' }, /authority must be https/],
  ['common', { authority: undefined, tenantId: 'common' }, /tenantId must be one tenant, or organizations/],
  [
    'common in the authority',
    { authority: 'https://never-shown/common' },
    /with one tenant, or organizations/,
  ],
  [
    'secret and certificate',
    { clientSecret: 'never-shown', certificate: { privateKey: PEM, certificate: PEM } },
    /certificate must be a PEM certificate/,
  ],
  [
    'a certificate that is none',
    { certificate: { privateKey: PEM, certificate: PEM } },
    /certificate must be a PEM certificate/,
  ],
])('a profile with %s is misconfigured: the log says why, the caller not', async (_, change, detail) => {
  const isText = typeof change === 'string'
  // A name of its own: what is held of another would be served for five minutes.
  const name = `broken-${++profiles}`
  setProfile(name, isText ? change : { ...profile, ...(change as Record<string, unknown>) })
  const answer = await broker.requestToken({ client: name })
  expect(answer.status).toBe(500)
  expect(answer.json).toMatchObject({ error: 'misconfigured', retryable: false })
  expect(answer.text).not.toMatch(/broken|client-|clientId|authority/)
  const logged = broker.logged('token_request').at(-1)
  expect(logged).toMatchObject({ error: 'misconfigured', client: name })
  expect(logged?.['detail']).toMatch(/^Key Vault: secret client-broken-\d+: /)
  expect(logged?.['detail']).toMatch(detail)
  expect(JSON.stringify(broker.logs)).not.toContain('never-shown')
  expect(broker.entra.calls).toEqual([])
})

test.each(['token-cache-encryption-key', 'token-cache-index-key'])(
  'a %s that is absent or disabled is misconfigured',
  async (name) => {
    const detailAfter = async (change: () => void) => {
      change()
      await broker.restart()
      const { status } = await broker.requestToken()
      return [status, broker.logged('token_request').at(-1)?.['detail']]
    }
    expect(await detailAfter(() => broker.keyVault.disableSecret(name))).toEqual([
      500,
      `Key Vault: secret ${name} is disabled`,
    ])
    expect(await detailAfter(() => broker.keyVault.deleteSecret(name))).toEqual([
      500,
      `Key Vault: secret ${name} is absent`,
    ])
    expect(broker.entra.calls).toEqual([])
  },
)

test('a profile that nobody made is unknown, the default one is misconfigured', async () => {
  const unknown = await broker.requestToken({ client: 'nobody' })
  expect(unknown.status).toBe(400)
  expect(unknown.json).toMatchObject({ error: 'unknown_client', retryable: false })
  broker.keyVault.deleteSecret('client-default')
  await broker.restart()
  const absent = await broker.requestToken()
  expect(absent.status).toBe(500)
  expect(broker.logged('token_request').at(-1)).toMatchObject({
    detail: 'Key Vault: secret client-default: is absent',
  })
  setProfile('default', profile)
  clock.advance(31)
  expect((await broker.requestToken()).status).toBe(200)
})

const MALFORMED: [string, string, string][] = [
  ['client-default', '{"clientId": 5}', 'clientId must be a string'],
  ['client-default', 'no JSON', 'is not JSON'],
  ['client-default', Buffer.from('{"clientId":"x"}', 'utf16le').toString(), 'is in UTF-16: save it as UTF-8'],
  [
    'token-cache-encryption-key',
    'too-short',
    'must be base64 of 32 random bytes, as of: openssl rand -base64 32',
  ],
  [
    'token-cache-encryption-key',
    'correcthorsebatterystapleisnotarandomkeyatallno',
    'must be base64 of 32 random',
  ],
  ['token-cache-index-key', newKey(1).slice(0, 40), 'must be base64 of 32 random bytes'],
]

test.each(MALFORMED)(
  'a malformed new version of %s (%#): the one before stays in use, and the log and /ready name it',
  async (name, value, problem) => {
    await broker.restart()
    await broker.requestToken()
    broker.keyVault.setSecret(name, value)
    for (const start of ['running', 'just started']) {
      if (start === 'just started') await broker.restart()
      clock.advance(301)
      await broker.requestToken({ username: 'first@contoso.example' })
      await eventually(() => readsOf(name) > 1)
      expect([start, (await broker.requestToken()).status]).toEqual([start, 200])
      broker.logs.length = 0
      await broker.runTimer()
      const named = expect.stringContaining(problem)
      expect(broker.logged('configuration_problem')).toMatchObject([{ detail: named }])
      const ready = await broker.call('/ready')
      expect([ready.status, ready.json['problems']]).toEqual([200, [named]])
      expect(ready.text).not.toContain(value)
    }
    expect(JSON.stringify(broker.logs)).not.toContain(value)
  },
)

test('a profile with a byte order mark is fine', async () => {
  setProfile('bom', `\uFEFF${JSON.stringify(profile)}`)
  expect((await broker.requestToken({ client: 'bom' })).status).toBe(200)
})

test("another program's secret whose name begins like a profile's is no profile, and its name is told to nobody", async () => {
  setProfile('secret', 'the-secret-of-another-program')
  setProfile('number', '42')
  for (const client of ['secret', 'number', 'nosuch']) {
    const { status, json } = await broker.requestToken({ client })
    expect([status, { ...json, correlation_id: '' }]).toEqual([
      400,
      {
        error: 'unknown_client',
        description: 'There is no client profile of this name.',
        remedy: 'Check the field client, or leave it out to use the default profile.',
        retryable: false,
        correlation_id: '',
      },
    ])
  }
})

test('a thousand invented profile names cost the vault one list in 30 s, and no read', async () => {
  await broker.restart()
  await broker.requestToken()
  broker.keyVault.calls.length = 0
  for (let n = 0; n < 1000; n++) {
    expect((await broker.requestToken({ client: `invented-${n}` })).status).toBe(400)
  }
  expect(broker.keyVault.calls).toEqual(['GET /secrets'])
  setProfile('late', profile)
  expect((await broker.requestToken({ client: 'late' })).status).toBe(200)
})

test('a vault that hangs does not keep a request waiting for what is held', async () => {
  await broker.restart({ STORAGE_TIMEOUT: '30' })
  await broker.requestToken()
  clock.advance(301)
  broker.keyVault.fault = { kind: 'hang' }
  // Were it asked first, the request would end before the vault does: 20 s, then 504.
  const answers = await Promise.all([1, 2, 3].map(() => broker.requestToken()))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
})
