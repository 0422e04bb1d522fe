import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { createSecretSearch } from '../../local/demo/secret-search.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const USER = { username: 'secret.user@contoso.example', password: 'Never-Shown-Password-1' }
const CANARY = 'canary-that-must-be-found-4711'
const printed: string[] = []
const write = process.stdout.write.bind(process.stdout)
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
  broker.entra.setUser(USER)
})
afterAll(() => broker.close())
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

  // The minutes before are written by now, and the status page has something of everything to show.
  clock.advance(60)
  expect(await request({ ...USER, password: passwords.changed })).toBe(200)
  const page = await broker.call('/status/data?hours=24')
  expect(page.json).toMatchObject({
    entries: { read: 1 },
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
    'user name': [USER.username, 'secret.user', stranger],
    password: Object.values(passwords),
    token: issued,
  })
  expect(search(azurite)).toEqual([])
  expect(search(log)).toEqual([])
  expect(search(Buffer.from(page.text))).toEqual([])
  expect(broker.logs.length).toBeGreaterThan(10)
})

/** A row in clear, where a row of ours would be. */
async function plantCanary(): Promise<void> {
  const table = new TableClient(broker.azurite.tableServiceUrl, 'tokencache', new ManagedIdentityCredential())
  await table.createEntity({ partitionKey: 'canary', rowKey: 'entry', Sealed0: Buffer.from(CANARY) })
}

/** Every byte that the storage emulator has of the broker, on disk and over the wire. */
async function tableBytes(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (const name of ['tokencache', 'refreshdue', 'refusals', 'activity']) {
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
