import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { createSecretSearch } from '../../local/demo/secret-search.ts'
import { createSealedAttempts } from '../../src/adapters/tables/sealed-attempts.ts'
import { sealingKeyOf } from '../../src/crypto/envelope.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const USER = { username: 'secret.user@contoso.example', password: 'Never-Shown-Password-1' }
const CANARY = 'canary-that-must-be-found-4711'
const PUBLIC_URL = 'https://broker.contoso.example'
const PERSON = {
  username: 'secret.person@contoso.example',
  password: 'Never-Shown-Person-6',
  secondFactor: '471147',
}
const OWNER = 'Secret Owner, owner@contoso.example'
const printed: string[] = []
/** The address of every request that any server of this process got: the broker's and those of all emulators. */
const addresses: string[] = []
const noteAddress = (message: unknown) =>
  void addresses.push((message as { request: IncomingMessage }).request.url ?? '')
const write = process.stdout.write.bind(process.stdout)
let broker: TestBroker
beforeAll(async () => {
  subscribe('http.server.request.start', noteAddress)
  broker = await startBroker(() => ({ PUBLIC_URL }))
  broker.entra.setUser(USER, PERSON, { username: `other.${PERSON.username}`, password: PERSON.password })
})
afterAll(async () => {
  unsubscribe('http.server.request.start', noteAddress)
  await broker.close()
})
beforeEach(() => {
  process.stdout.write = (chunk: string | Uint8Array) => printed.push(String(chunk)) > 0
})
afterEach(() => {
  process.stdout.write = write
})

test('after the whole story, neither the bytes of the tables nor any log line holds a name, a password or a token', async () => {
  const passwords = {
    right: USER.password,
    wrong: 'Never-Shown-Wrong-2',
    duringOutage: 'Never-Shown-Third-3',
    changed: 'Never-Shown-New-4',
    other: 'Never-Shown-Other-5',
  }
  const stranger = 'secret.stranger@contoso.example'
  const issued: string[] = []
  broker.entra.onIssued = (tokens) => void issued.push(...tokens)
  const request = async (fields: Record<string, unknown> = USER) => (await broker.requestToken(fields)).status

  expect(await request()).toBe(200)
  expect(await request()).toBe(200)
  expect(await request({ ...USER, password: passwords.wrong })).toBe(401)
  expect(await request({ ...USER, username: stranger })).toBe(401)
  expect(await request({ ...USER, password: ` ${USER.password}` })).toBe(400)
  clock.advance(3000)
  await broker.runTimer()
  await broker.restart()
  expect(await request()).toBe(200)
  clock.advance(3100)
  expect(await request()).toBe(200)
  for (const code of [50034, 50105, 50020, 53003, 7000215]) {
    broker.entra.failWith = code
    expect(await request({ ...USER, password: passwords.other })).toBeGreaterThanOrEqual(401)
  }
  broker.entra.failWith = undefined
  broker.entra.fault = { kind: 'reset' }
  expect(await request({ ...USER, password: passwords.duringOutage })).toBe(503)
  broker.entra.fault = undefined
  clock.advance(600)
  broker.entra.setPassword(USER.username, passwords.changed)
  expect(await request({ ...USER, password: passwords.changed })).toBe(200)
  // Access, refresh and id token of four acquisitions.
  expect(new Set(issued).size).toBeGreaterThanOrEqual(12)

  const ofConnections = await connect()
  expect(new Set(issued).size).toBeGreaterThanOrEqual(24)

  // The minutes before are written by now, and the status page has something of everything to show.
  clock.advance(60)
  expect(await request({ ...USER, password: passwords.changed })).toBe(200)
  const page = await broker.call('/status/data?hours=24')
  expect(page.json).toMatchObject({
    entries: { read: 3 },
    activity: { totals: { failed: expect.any(Number) } },
  })

  await plantCanary()
  const azurite = await tableBytes()
  const log = Buffer.from([...broker.logs, CANARY, ...printed].join('\n'))
  // The search finds what is there…
  const searchForCanary = createSecretSearch({ canary: [CANARY] })
  expect(searchForCanary(azurite)).toContain('canary as text')
  expect(searchForCanary(log)).toContain('canary as text')
  // … and nothing else.
  const search = createSecretSearch({
    'user name': [USER.username, 'secret.user', stranger, PERSON.username, 'secret.person'],
    password: [...Object.values(passwords), PERSON.password],
    token: issued,
    owner: [OWNER],
    ...ofConnections.secrets,
  })
  expect(search(azurite)).toEqual([])
  expect(search(log)).toEqual([])
  expect(search(Buffer.from(page.text))).toEqual([])
  // A page shows whom it is for; and on the way to Entra ID state and nonce are in an address, as they must be.
  const { state: _, nonce: __, ...never } = ofConnections.secrets
  const shownToNobody = { password: [...Object.values(passwords), PERSON.password], token: issued }
  const onPages = createSecretSearch({ ...shownToNobody, ...ofConnections.secrets })
  expect(ofConnections.pages.length).toBe(6)
  expect(onPages(Buffer.from(ofConnections.pages.join('\n')))).toEqual([])
  expect(addresses.filter((address) => address.includes('/authorize?')).length).toBeGreaterThanOrEqual(4)
  expect(createSecretSearch({ ...shownToNobody, ...never })(Buffer.from(addresses.join('\n')))).toEqual([])
  expect(broker.logs.length).toBeGreaterThan(10)
})

/** An application and a person are connected, each with a change of the secret, and whatever may go wrong on the way. */
async function connect() {
  const clientId = 'c0ae7ed0-5b1e-4c1f-9d39-0b7a5c1de0aa'
  const redirectUris = [`${PUBLIC_URL}/connect/callback`]
  const clientSecret = 'Never-Shown-Client-7'
  broker.entra.setApplication({ clientId, publicClientFlows: false, clientSecret, redirectUris })
  const profile = { authority: broker.entra.authority(), clientId, clientSecret }
  const grants = ['authorization_code', 'client_credentials']
  const resource = 'https://contoso.crm.dynamics.com'
  broker.keyVault.setSecret('client-crm', JSON.stringify({ ...profile, resource, grants }))
  const headers = { 'content-type': 'application/json' }
  const administer = async (method: string, path: string, body?: object) =>
    (await broker.call(`/connections/${path}`, { method, headers, body: JSON.stringify(body) })).json
  const ask = async (username: string, password: unknown) =>
    (await broker.requestToken({ username, password })).status
  const pages: string[] = []
  const used: Record<'code' | 'state' | 'nonce' | 'verifier' | 'cookie', string[]> = {
    code: [],
    state: [],
    nonce: [],
    verifier: [],
    cookie: [],
  }

  async function signIn(path: string, username: string): Promise<string | null> {
    const begun = await broker.call(path, {
      method: 'POST',
      headers: { origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' },
    })
    const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const [, sealed = ''] = cookie.split('=')
    const attempt = await openedAttempt(sealed)
    // What is before it names the key, as in every row.
    used.cookie.push(sealed.slice(60))
    used.state.push(attempt?.state ?? '')
    used.nonce.push(attempt?.nonce ?? '')
    used.verifier.push(attempt?.codeVerifier ?? '')
    const url = (/class="go" href="([^"]+)"/.exec(begun.text)?.[1] ?? '').replaceAll('&amp;', '&')
    await fetch(url)
    const form = { username, password: PERSON.password, code: PERSON.secondFactor, action: 'accept' }
    const answered = await (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).text()
    const [, code = ''] = /name="code" value="([^"]+)"/.exec(answered) ?? []
    const [, state = ''] = /name="state" value="([^"]+)"/.exec(answered) ?? []
    used.code.push(code)
    const comeBack = (fields: Record<string, string>) =>
      broker.call('/connect/callback', {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams(fields),
        redirect: 'manual',
      })
    const { headers: back, text } = await comeBack({ code, state })
    pages.push(text, (await broker.call(back.get('location') ?? '')).text)
    return back.get('location')
  }

  const app = await administer('PUT', 'app', { client: 'crm', grant: 'client_credentials', owner: OWNER })
  const person = await administer('PUT', 'person', {
    client: 'crm',
    grant: 'authorization_code',
    username: PERSON.username,
    owner: OWNER,
  })
  const path = new URL(String(person['connect_url'])).pathname
  expect(await ask('person', person['secret'])).toBe(403)
  expect(await signIn(path, `other.${PERSON.username}`)).toBe(`${path}/wrong_account`)
  expect(await signIn(path, PERSON.username)).toBe(`${path}/connected`)
  const again = [await administer('POST', 'app/secret', {}), await administer('POST', 'person/secret', {})]
  const secrets = [app, person, ...again].map(({ secret }) => String(secret))
  for (const [index, secret] of secrets.entries()) {
    const name = index % 2 === 0 ? 'app' : 'person'
    expect([name, await ask(name, secret)]).toEqual([name, 200])
    expect(await ask(secret, USER.password)).toBe(401)
    expect(await ask(name, `${secret.slice(0, -1)}!`)).toBe(401)
  }
  clock.advance(3000)
  await broker.runTimer()
  broker.entra.revokeRefreshTokens(PERSON.username)
  clock.advance(3600)
  expect(await ask('person', secrets[3])).toBe(403)
  expect(await signIn(path, PERSON.username)).toBe(`${path}/connected`)
  expect(await ask(PERSON.username, secrets[3])).toBe(200)
  return { pages, secrets: { secret: secrets, 'client secret': [clientSecret], ...used } }
}

/** With the vault's own key, as the broker does it. */
async function openedAttempt(sealed: string) {
  const key = Buffer.from(broker.keyVault.currentValue('token-cache-encryption-key') ?? '', 'base64')
  const keyRing = {
    current: () => Promise.reject(new Error('nothing is sealed here')),
    byId: async (id: string) => sealingKeyOf(id, key),
  }
  const attempt = await createSealedAttempts(keyRing).open(sealed)
  expect(attempt).toBeDefined()
  return attempt
}

/** A row in clear, where a row of ours would be. */
async function plantCanary(): Promise<void> {
  const table = new TableClient(broker.azurite.tableServiceUrl, 'tokencache', new ManagedIdentityCredential())
  await table.createEntity({ partitionKey: 'canary', rowKey: 'entry', Sealed0: Buffer.from(CANARY) })
}

/** Every byte that the storage emulator has of the broker, on disk and over the wire. */
async function tableBytes(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (const name of ['tokencache', 'refreshdue', 'refusals', 'activity', 'connections']) {
    const table = new TableClient(broker.azurite.tableServiceUrl, name, new ManagedIdentityCredential())
    for await (const row of table.listEntities()) {
      for (const value of Object.values(row)) {
        chunks.push(ArrayBuffer.isView(value) ? Buffer.from(value as Uint8Array) : Buffer.from(String(value)))
      }
    }
  }
  await broker.azurite.close()
  const files = (await broker.files()).filter(({ name }) => name.includes('/azurite/'))
  expect(files.length).toBeGreaterThan(0)
  return Buffer.concat([...chunks, ...files.map(({ bytes }) => bytes)])
}
