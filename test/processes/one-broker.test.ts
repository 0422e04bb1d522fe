import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { cachedTokenOf } from '../../src/adapters/msal/cached-token.ts'
import { eventually } from '../support/eventually.ts'
import { startProcesses, type BrokerChild, type Processes, type User } from '../support/processes.ts'

const PROCESSES = 4
const THRESHOLD = 600
const users: User[] = Array.from({ length: 40 }, (_, number) => ({
  username: `user${number}@contoso.example`,
  password: `Password-of-${number}`,
}))

let processes: Processes
let brokers: BrokerChild[]
/** The grants by which all users signed in. */
let signIns: string[]
/** Tokens that were handed out, by user. */
const handedOut = new Map<string, Set<string>>()

beforeAll(async () => {
  // The machine may be slow: no time limit may decide what happens here.
  const limits = { STORAGE_TIMEOUT: '30', IDENTITY_PROVIDER_TIMEOUT: '60', REQUEST_DEADLINE: '110' }
  processes = await startProcesses({ settings: limits })
  // Stricter than Entra ID: a refresh token that two instances use, or that is not stored, is an entry lost.
  processes.entra.refreshTokensAreSingleUse = true
  for (const user of users) processes.entra.setUser(user)
  brokers = await Promise.all(Array.from({ length: PROCESSES }, () => processes.start()))
  for (const [number, broker] of brokers.entries()) {
    await Promise.all(every(PROCESSES, number).map((user) => ask(broker, user)))
    await processes.advance(20)
  }
  signIns = grants()
})
afterAll(() => processes.close())
beforeEach(() => {
  processes.entra.calls.length = 0
})

/** Asks, and checks the token: its signature, its user and its rest of life. */
async function ask(broker: BrokerChild, user: User): Promise<void> {
  const { status, json } = await broker.requestToken(user)
  expect(json).toEqual({
    accesstoken: expect.any(String),
    expires_on: expect.any(String),
    action: expect.stringMatching(/^(retrieved new|refreshed existing|returned existing) token$/),
    token_type: 'Bearer',
    expires_in: expect.any(Number),
    correlation_id: expect.any(String),
  })
  expect(status).toBe(200)
  expect(json['expires_in']).toBeGreaterThan(THRESHOLD)
  const token = String(json['accesstoken'])
  expect(await processes.entra.verifyAccessToken(token)).toMatchObject({ upn: user.username })
  handedOut.set(user.username, (handedOut.get(user.username) ?? new Set()).add(token))
}

const tickAll = () => Promise.all(brokers.map((broker) => broker.tick()))
const every = (step: number, offset: number) => users.filter((_, number) => number % step === offset % step)
const grants = () =>
  processes.entra.calls.map(({ grantType, username }) => `${grantType} ${username}`).toSorted()
const oneRefreshEach = users.map(({ username }) => `refresh_token ${username}`).toSorted()

/** When the first and the last entry are due, as the index says. */
async function due(): Promise<{ firstInSeconds: number; lastInSeconds: number }> {
  const times = (await processes.allHints()).map(
    ({ dueTimestamp }) => (dueTimestamp - processes.now()) / 1000,
  )
  return { firstInSeconds: Math.min(...times), lastInSeconds: Math.max(...times) }
}

/** Several processes are asked for the same few users at once: each check of a password takes a core for 30 ms. */
async function askAll(whom: readonly User[], of = brokers): Promise<void> {
  for (let at = 0; at < whom.length; at += 5) {
    await Promise.all(of.flatMap((broker) => whom.slice(at, at + 5).map((user) => ask(broker, user))))
  }
}

test('each user signs in once, whichever process is asked', async () => {
  expect(signIns).toEqual(users.map(({ username }) => `password ${username}`).toSorted())
  await askAll(every(8, 0))
  expect(grants()).toEqual([])
})

/** A tick attends to what is due before the next two. */
const advanceToFirstTick = async () => processes.advance((await due()).firstInSeconds - 2 * 60)

test('nothing is refreshed before it is due, however many ticks there are', async () => {
  await advanceToFirstTick()
  await tickAll()
  expect(grants()).toEqual([])
})

test('minute by minute, with requests and timers in all processes, each entry is refreshed once', async () => {
  await advanceToFirstTick()
  for (let minute = 0; minute < 4; minute++) {
    await processes.advance(60)
    await Promise.all([tickAll(), askAll(every(20, minute))])
  }
  expect(grants()).toEqual(oneRefreshEach)
})

test('requests that come while the timers refresh get the token that is still good, and disturb nothing', async () => {
  const answered = Promise.withResolvers<void>()
  processes.entra.fault = { kind: 'hold', until: answered.promise }
  // The last use was noted more than an hour ago: each of these requests notes it anew.
  await processes.advance((await due()).firstInSeconds - 30)
  const ticks = tickAll()
  await eventually(() => processes.entra.calls.length === users.length)
  await askAll(every(4, 0))
  processes.entra.fault = undefined
  answered.resolve()
  await ticks
  await processes.advance(60)
  await Promise.all([tickAll(), askAll(every(4, 1))])
  expect(grants()).toEqual(oneRefreshEach)
})

test('when the timers were late, requests and timers meet at what is overdue: each entry is refreshed once', async () => {
  await processes.advance((await due()).lastInSeconds + 60)
  await Promise.all([askAll(every(2, 0)), tickAll()])
  await tickAll()
  expect(grants()).toEqual(oneRefreshEach)
})

test('without any timer, requests alone refresh each entry once', async () => {
  await processes.advance((await due()).lastInSeconds + 60)
  await Promise.all([askAll(every(2, 0), brokers.slice(0, 2)), askAll(every(2, 1), brokers.slice(2, 4))])
  expect(grants()).toEqual(oneRefreshEach)
  // It finds nothing to do but to clear the hints of the time before.
  await tickAll()
  expect(grants()).toEqual(oneRefreshEach)
})

test('every row opens, belongs to its one user and has the one hint that says when it is due', async () => {
  await processes.advance((await due()).lastInSeconds)
  await Promise.all(brokers.map((broker, number) => askAll(every(PROCESSES, number), [broker])))
  // It finds nothing to do but to clear the hints of the time before.
  await tickAll()
  const hints = await processes.allHints()
  expect(hints).toHaveLength(users.length)
  for (const { username } of users) {
    const entryKey = await processes.entryKeyOf(username)
    const { entry, leasedUntilTimestamp, failures } = (await processes.store.read(entryKey)) ?? {}
    const cache = JSON.parse(entry?.serializedCache ?? '') as Record<string, Record<string, unknown>>
    const names = Object.values(cache['Account'] ?? {}).map((account) => (account as User).username)
    expect([names, leasedUntilTimestamp, failures]).toEqual([[username], 0, 0])
    for (const kind of ['AccessToken', 'RefreshToken', 'IdToken']) {
      expect(Object.keys(cache[kind] ?? {})).toHaveLength(1)
    }
    const token = cachedTokenOf(entry?.serializedCache ?? '')
    expect(handedOut.get(username)).toContain(token?.value)
    const dueTimestamp = (token?.expiresOnTimestamp ?? 0) - THRESHOLD * 1000
    expect(hints.filter((hint) => hint.entryKey === entryKey)).toEqual([{ entryKey, dueTimestamp }])
  }
})

test('no refresh token was lost: each entry can be refreshed once more', async () => {
  await processes.advance((await due()).lastInSeconds)
  await tickAll()
  expect(grants()).toEqual(oneRefreshEach)
  expect(brokers.flatMap(({ lines }) => lines.filter((line) => line.includes('"failed":{"')))).toEqual([])
})
