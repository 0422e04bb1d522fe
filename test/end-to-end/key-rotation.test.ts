import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { keyIdOf } from '../../src/crypto/envelope.ts'
import { LIFETIME, startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const MINUTE = 60
const SEALING_KEY = 'token-cache-encryption-key'
const INDEX_KEY = 'token-cache-index-key'
const newKey = (seed: number) => createHash('sha256').update(String(seed)).digest('base64')
const USERS = [0, 1, 2, 3].map((n) => ({ username: `drill${n}@contoso.example`, password: `Drill-${n}` }))

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(async () => {
  clock.advance(20 * 86_400)
  await broker.reset()
  await broker.restart()
  for (const user of USERS) broker.entra.setUser(user)
  await empty('tokencache')
  await empty('refreshdue')
})

const tableOf = (name: string) =>
  new TableClient(broker.azurite.tableServiceUrl, name, new ManagedIdentityCredential())

async function empty(name: string): Promise<void> {
  for await (const { partitionKey = '', rowKey = '' } of tableOf(name).listEntities()) {
    await tableOf(name).deleteEntity(partitionKey, rowKey)
  }
}

/** The version of the sealing key that each entry asks for. */
async function sealedWith(): Promise<string[]> {
  const versions: string[] = []
  for await (const row of tableOf('tokencache').listEntities()) {
    versions.push(keyIdOf((row as unknown as { Sealed0: Uint8Array }).Sealed0))
  }
  return versions
}

const askAll = async () => {
  const answers = await Promise.all(USERS.map((user) => broker.requestToken(user)))
  return answers.map(({ status, json }) => [status, json['action'] ?? json['error'], json['warnings']])
}
const passwordGrants = () => broker.entra.calls.filter(({ grantType }) => grantType === 'password').length

/** As the timer would, once a minute. */
async function live(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(MINUTE)
    await broker.runTimer()
  }
}

const EXISTING = [200, 'returned existing token', undefined]

test('a new sealing key: within one life of a token every row is sealed with it, and nobody signs in again', async () => {
  await askAll()
  const version = broker.keyVault.setSecret(SEALING_KEY, newKey(1))
  expect(await sealedWith()).not.toContain(version)
  await live(LIFETIME / MINUTE + 1)
  expect(await sealedWith()).toEqual([version, version, version, version])
  // The older version is of no use any more.
  broker.keyVault.setSecret(SEALING_KEY, newKey(2))
  await broker.restart()
  expect(await askAll()).toEqual([EXISTING, EXISTING, EXISTING, EXISTING])
  expect(passwordGrants()).toBe(4)
})

test('an older version disabled too early: rows wait for it, requests go to Entra ID, and nothing is lost when it is back', async () => {
  const version = broker.keyVault.setSecret(SEALING_KEY, newKey(3))
  await broker.restart()
  await askAll()
  broker.keyVault.setSecret(SEALING_KEY, newKey(4))
  broker.keyVault.disableSecret(SEALING_KEY, version)
  await broker.restart()
  clock.advance(LIFETIME - 600)
  await broker.runTimer()
  expect(broker.logged('refresh_sweep').at(-1)).toMatchObject({
    due: 4,
    dropped: 0,
    failed: { stored_token_unreadable: 4 },
  })
  const [user = { username: '', password: '' }] = USERS
  expect((await broker.requestToken(user)).json).toMatchObject({
    action: 'retrieved new token',
    warnings: ['stored_token_unreadable: The stored token could not be opened and was replaced.'],
  })
  broker.keyVault.enableSecret(SEALING_KEY, version)
  clock.advance(31)
  await broker.runTimer()
  expect(broker.logged('refresh_sweep').at(-1)).toMatchObject({ refreshed: 3, failed: {} })
  await broker.restart()
  expect(await askAll()).toEqual([EXISTING, EXISTING, EXISTING, EXISTING])
  expect(passwordGrants()).toBe(5)
})

test('both keys replaced at once: an empty cache, each user signs in once more, and the old rows end by themselves', async () => {
  await askAll()
  for (const name of [SEALING_KEY, INDEX_KEY]) {
    broker.keyVault.deleteSecret(name)
    broker.keyVault.setSecret(name, newKey(5))
  }
  await broker.restart()
  expect((await askAll()).map(([status, action]) => [status, action])).toEqual(
    USERS.map(() => [200, 'retrieved new token']),
  )
  expect(await sealedWith()).toHaveLength(8)
  clock.advance(LIFETIME - 600)
  await broker.runTimer()
  expect(broker.logged('refresh_sweep').at(-1)).toMatchObject({ due: 8, refreshed: 4 })
  expect(passwordGrants()).toBe(8)
})

test('another index key: an empty cache, each user signs in once more, and the old rows are evicted when nobody has asked for them', async () => {
  await askAll()
  broker.keyVault.setSecret(INDEX_KEY, newKey(6))
  await broker.restart()
  expect((await askAll()).map(([, action]) => action)).toEqual(USERS.map(() => 'retrieved new token'))
  expect(await sealedWith()).toHaveLength(8)
  clock.advance(7 * 86_400)
  await askAll()
  await broker.runTimer()
  expect(await sealedWith()).toHaveLength(4)
})

describe('a connection', () => {
  const NAME = 'drill'
  let secret: string
  /** Of the key that it is sealed with. */
  let version: string
  beforeEach(async () => {
    await empty('connections')
    version = broker.keyVault.setSecret(SEALING_KEY, newKey(7))
    await broker.restart()
    const client = { clientId: 'd211a991-5b1e-4c1f-9d39-0b7a5c1de0aa', clientSecret: 'a-client-secret' }
    broker.entra.setApplication({ ...client, publicClientFlows: false })
    const authority = broker.entra.authority()
    const resource = 'https://contoso.crm.dynamics.com'
    const profile = { ...client, authority, resource, grants: ['client_credentials'] }
    broker.keyVault.setSecret('client-drill', JSON.stringify(profile))
    secret = String((await make()).json['secret'])
  })

  const administer = (method: string, path = '', body: object = {}) =>
    broker.call(`/connections/${NAME}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method !== 'GET' && { body: JSON.stringify(body) }),
    })
  const make = () => administer('PUT', '', { client: 'drill', grant: 'client_credentials' })
  const ask = async (password = secret) => (await broker.requestToken({ username: NAME, password })).status
  const stateOf = async () => (await administer('GET')).json['state']

  test('is sealed anew within the hour, its tokens as they are renewed', async () => {
    broker.keyVault.setSecret(SEALING_KEY, newKey(8))
    await live(LIFETIME / MINUTE + 5)
    broker.keyVault.disableSecret(SEALING_KEY, version)
    await broker.restart()
    expect([await ask(), await stateOf()]).toEqual([200, 'connected'])
  })

  test('whose key is disabled is 503 until it is back, and nothing of it is lost', async () => {
    broker.keyVault.setSecret(SEALING_KEY, newKey(8))
    broker.keyVault.disableSecret(SEALING_KEY, version)
    await broker.restart()
    expect([await ask(), (await administer('DELETE')).status, (await make()).status]).toEqual([503, 503, 503])
    broker.keyVault.enableSecret(SEALING_KEY, version)
    clock.advance(31)
    expect([await ask(), await stateOf()]).toEqual([200, 'connected'])
  })

  test('under another index key needs another secret, and no other sign-in', async () => {
    broker.keyVault.setSecret(INDEX_KEY, newKey(9))
    await broker.restart()
    broker.entra.calls.length = 0
    expect(await ask()).toBe(401)
    const { json } = await administer('POST', '/secret')
    expect(await ask(String(json['secret']))).toBe(200)
    expect(broker.entra.calls).toEqual([])
  })

  test('of a vault that is lost: its name is freed, and it is made anew', async () => {
    for (const name of [SEALING_KEY, INDEX_KEY]) {
      broker.keyVault.deleteSecret(name)
      broker.keyVault.setSecret(name, newKey(10))
    }
    await broker.restart()
    expect([await ask(), (await make()).status]).toEqual([401, 503])
    expect((await administer('DELETE')).status).toBe(204)
    const made = await make()
    expect([made.status, await ask(), await ask(String(made.json['secret']))]).toEqual([201, 401, 200])
  })
})
