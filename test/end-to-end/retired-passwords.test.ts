import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { startInstances, type Instances } from '../support/instances.ts'
import { onTestFinished } from '../support/on-test-finished.ts'

const LIFETIME = 3599
const DAY_IN_MS = 86_400_000
const NEW_PASSWORD = 'New-Password-2'
const NO_WRITES = { kind: 'status', status: 503 } as const

const clock = stopClock()
let instances: Instances
let users = 0
/** The user of one test, with the password that gets retired. */
let old: { username: string; password: string }
let renewed: typeof old
beforeAll(async () => {
  instances = await startInstances()
})
afterAll(() => instances.close())
beforeEach(() => {
  // A process does not get its first request at 0, where lru-cache would not let what it remembers age.
  clock.advance(1)
  old = { username: `user${++users}@contoso.example`, password: 'Old-Password-1' }
  renewed = { ...old, password: NEW_PASSWORD }
  instances.entra.setUser(old)
  Object.assign(instances.entra, { fault: undefined, failWith: undefined })
  instances.gateway.reset()
  instances.entra.calls.length = 0
})

const grants = () => instances.entra.calls.map(({ grantType }) => grantType)
const entryReads = () =>
  instances.gateway.calls.filter((call) => call.startsWith('GET') && call.includes('tokencache')).length

interface Held<T> {
  readonly answer: Promise<T>
  readonly open: () => void
}

/** Asks, and is back when the call has reached Entra ID, which answers when it is opened. */
async function held<T>(ask: () => Promise<T>): Promise<Held<T>> {
  const callsBefore = instances.entra.calls.length
  let open = () => {}
  instances.entra.fault = { kind: 'hold', until: new Promise<void>((resolve) => (open = resolve)) }
  onTestFinished(() => open())
  const answer = ask()
  await eventually(() => instances.entra.calls.length > callsBefore)
  instances.entra.fault = undefined
  return { answer, open }
}

async function statusesOf(...answers: Promise<{ status: number }>[]): Promise<number[]> {
  return (await Promise.all(answers)).map(({ status }) => status)
}

test.each(['by the same instance', 'by another instance'])(
  '1. a slow answer to the old password does not retire the new one that was sent after it, %s',
  async (whom) => {
    const slow = instances.create()
    const other = whom === 'by the same instance' ? slow : instances.create()
    const { answer, open } = await held(() => slow.requestToken(old))
    instances.entra.setPassword(old.username, NEW_PASSWORD)
    clock.advance(1)
    expect((await other.requestToken(renewed)).status).toBe(200)
    // The emulator judges when it answers; Entra ID had judged before the change.
    instances.entra.setPassword(old.username, old.password)
    open()
    expect(await answer).toMatchObject({ status: 200 })
    instances.entra.setPassword(old.username, NEW_PASSWORD)
    // What an instance remembers lives for five minutes.
    clock.advance(whom === 'by the same instance' ? 0 : 301)
    instances.entra.calls.length = 0
    for (const instance of [slow, other, instances.create()]) {
      expect(await statusesOf(instance.requestToken(old))).toEqual([401])
      expect((await instance.requestToken(renewed)).json).toMatchObject({ action: 'returned existing token' })
    }
    expect(grants()).toEqual(['password'])
  },
)

/** Another instance refreshes, and waits for Entra ID; this one waits for the other. */
async function waitForOthersRefresh() {
  const [refreshing, waiting, third] = [instances.create(), instances.create(), instances.create()]
  for (const instance of [refreshing, waiting]) {
    expect((await instance.requestToken(old)).status).toBe(200)
  }
  clock.advance(LIFETIME - 300)
  instances.entra.calls.length = 0
  const refresh = await held(() => refreshing.requestToken(old))
  const readsBefore = entryReads()
  const answer = waiting.requestToken(old)
  await eventually(() => entryReads() >= readsBefore + 2)
  return { answer, third, end: async () => (refresh.open(), refresh.answer) }
}

test("2. who waits for another instance's refresh is not handed the token of a new password", async () => {
  const { answer, third, end } = await waitForOthersRefresh()
  instances.entra.setPassword(old.username, NEW_PASSWORD)
  expect((await third.requestToken(renewed)).json).toMatchObject({ action: 'retrieved new token' })
  expect((await answer).status).toBe(401)
  expect(grants()).toEqual(['refresh_token', 'password', 'password'])
  await end()
  expect(await statusesOf(third.requestToken(old), third.requestToken(renewed))).toEqual([401, 200])
})

test("2. who waits for another instance's refresh is not handed a newer profile's token", async () => {
  const { keyVault, entra } = instances
  const { answer, end } = await waitForOthersRefresh()
  const profile = keyVault.currentValue('client-default') ?? ''
  onTestFinished(() => keyVault.setSecret('client-default', profile))
  const graph = 'https://graph.microsoft.com'
  keyVault.setSecret('client-default', JSON.stringify({ ...JSON.parse(profile), resource: graph }))
  const newer = (await instances.create().requestToken(old)).json
  expect(await entra.verifyAccessToken(String(newer['accesstoken']))).toMatchObject({ aud: graph })
  const { status, json } = await answer
  expect([status, json['action']]).toEqual([200, 'retrieved new token'])
  expect(await entra.verifyAccessToken(String(json['accesstoken']))).toMatchObject({
    aud: 'https://contoso.crm.dynamics.com',
  })
  await end()
})

test('3. while the table takes no writes, the row that a new password should have replaced opens to nobody else', async () => {
  const instance = instances.create()
  expect((await instance.requestToken(old)).status).toBe(200)
  Object.assign(instances.gateway, { isReadable: true, fault: NO_WRITES })
  instances.entra.setPassword(old.username, NEW_PASSWORD)
  expect((await instance.requestToken(renewed)).json).toMatchObject({
    action: 'retrieved new token',
    warnings: expect.arrayContaining([expect.stringMatching(/^token_not_stored: /)]),
  })
  expect((await instance.requestToken(old)).status).toBe(401)
  // When memory has forgotten, the row is still what it was.
  clock.advance(301)
  expect((await instance.requestToken(old)).status).toBe(401)
  expect((await instance.requestToken(renewed)).json).toMatchObject({ action: 'returned existing token' })
  instances.gateway.reset()
  await instance.tick()
  const another = instances.create()
  expect((await another.requestToken(renewed)).json).toMatchObject({ action: 'returned existing token' })
  expect((await another.requestToken(old)).status).toBe(401)
})

/** From elsewhere: Entra ID is asked without the broker. */
async function lockAtEntra(): Promise<void> {
  const { entra, keyVault } = instances
  const { clientId } = JSON.parse(keyVault.currentValue('client-default') ?? '{}') as { clientId: string }
  for (let guess = 0; guess < 11; guess++) {
    const form = {
      grant_type: 'password',
      client_id: clientId,
      scope: 'https://contoso.crm.dynamics.com/.default',
      username: old.username,
      password: `Guess-${guess}`,
    }
    const body = new URLSearchParams(form)
    await fetch(`${entra.authority()}/oauth2/v2.0/token`, { method: 'POST', body })
  }
  entra.calls.length = 0
}

test('4. while an account is kept locked its owner goes on by the refresh token, for twice PASSWORD_MAX_AGE and no longer', async () => {
  const instance = instances.create({ PASSWORD_MAX_AGE: '3600' })
  expect((await instance.requestToken(old)).status).toBe(200)
  const seen: unknown[] = []
  for (const seconds of [3600, 3000, 3000, 599]) {
    clock.advance(seconds)
    await lockAtEntra()
    const { status, json } = await instance.requestToken(old)
    seen.push([status, json['action'] ?? json['error'], ...grants()])
  }
  expect(seen).toEqual([
    [200, 'refreshed existing token', 'password', 'refresh_token'],
    [200, 'refreshed existing token', 'password', 'refresh_token'],
    [200, 'returned existing token', 'password'],
    [423, 'account_locked', 'password'],
  ])
})

test('5. a clock that is set back by a day does not keep a retired password in memory', async () => {
  let setBackInMs = 0
  const instance = instances.create({}, { now: () => Date.now() - setBackInMs })
  expect((await instance.requestToken(old)).status).toBe(200)
  setBackInMs = DAY_IN_MS
  instances.entra.setPassword(old.username, NEW_PASSWORD)
  expect((await instances.create().requestToken(renewed)).status).toBe(200)
  clock.advance(300)
  expect((await instance.requestToken(old)).json).toMatchObject({ action: 'returned existing token' })
  clock.advance(1)
  expect((await instance.requestToken(old)).status).toBe(401)
})

test('5. a lease a day ahead is none: nobody waits for it', async () => {
  expect((await instances.create().requestToken(old)).status).toBe(200)
  const { tableServiceUrl } = instances.azurite
  const table = new TableClient(tableServiceUrl, 'tokencache', new ManagedIdentityCredential())
  for await (const { partitionKey = '', rowKey = '' } of table.listEntities()) {
    await table.updateEntity(
      { partitionKey, rowKey, leasedUntilTimestamp: String(Date.now() + DAY_IN_MS) },
      'Merge',
    )
  }
  clock.advance(LIFETIME - 300)
  instances.gateway.calls.length = 0
  expect((await instances.create().requestToken(old)).json).toMatchObject({
    action: 'refreshed existing token',
  })
  expect(entryReads()).toBe(1)
})

test('6. fifty wrong tries at once, each wishing for another life, are one question to the table and one call', async () => {
  const instance = instances.create()
  const wrong = { ...old, password: 'Wrong-Password-3' }
  const answers = Array.from({ length: 50 }, (_, n) =>
    instance.requestToken({ ...wrong, min_valid_seconds: n }),
  )
  expect(new Set(await statusesOf(...answers))).toEqual(new Set([401]))
  expect([grants(), entryReads()]).toEqual([['password'], 1])
})
