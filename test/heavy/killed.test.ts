import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { cachedTokenOf } from '../../src/adapters/msal/cached-token.ts'
import { eventually } from '../support/eventually.ts'
import { startProcesses, type BrokerChild, type Processes, type User } from '../support/processes.ts'
import { createRandom } from '../support/random.ts'

const KILLS = Number(process.env['KILLS'] ?? 3)
const SEED = Number(process.env['SEED'] ?? (process.env['KILLS'] ? Date.now() % 100_000 : 1))
const random = createRandom(SEED)
const THRESHOLD_IN_MS = 600_000
const PERIOD = 60
const userOf = (name: string): User => ({
  username: `${name}@contoso.example`,
  password: `Password-of-${name}`,
})
const users = Array.from({ length: 24 }, (_, number) => userOf(`user${number}`))

let processes: Processes
let brokers: BrokerChild[]
/** What the kills hit. */
const hits = { unfinishedTicks: 0, leasesHeld: 0, answersLost: 0, hintsAhead: 0 }

beforeAll(async () => {
  processes = await startProcesses({
    settings: {
      // The machine may be slow; the lease, which follows from both, must still run out before the next tick.
      STORAGE_TIMEOUT: '10',
      IDENTITY_PROVIDER_TIMEOUT: '20',
      REQUEST_DEADLINE: '110',
      // Thirty lives of a token are more than a day.
      PASSWORD_MAX_AGE: String(90 * 86_400),
    },
  })
  brokers = await Promise.all([processes.start(), processes.start(), processes.start()])
  for (const user of users) {
    processes.entra.setUser(user)
    await ask(random.of(brokers), user)
  }
})
afterAll(async () => {
  await processes.close()
  if (process.env['KILLS']) console.log(`${KILLS} kills, seed ${SEED}:`, hits)
})

async function ask(broker: BrokerChild, user: User): Promise<number> {
  const { status, json } = await broker.requestToken(user)
  expect([status, json['error']]).toEqual([200, undefined])
  const claims = await processes.entra.verifyAccessToken(String(json['accesstoken']))
  expect(claims).toMatchObject({ upn: user.username })
  return Number(json['expires_in']) * 1000
}

/** The entry as it is stored, `undefined` when there is none. */
async function stored({ username }: User) {
  const entryKey = await processes.entryKeyOf(username)
  const row = await processes.store.read(entryKey)
  if (!row) return undefined
  const token = cachedTokenOf(row.entry?.serializedCache ?? '')
  return { ...row, entryKey, dueTimestamp: (token?.expiresOnTimestamp ?? 0) - THRESHOLD_IN_MS }
}

const entriesOf = async (whom: readonly User[]) =>
  (await Promise.all(whom.map(stored))).filter((entry) => entry !== undefined)

/** Sets the clock to a moment when all entries are due before the next two ticks, or overdue. */
async function advanceToDue(isOverdue: boolean): Promise<void> {
  const times = (await entriesOf(users)).map(({ dueTimestamp }) => (dueTimestamp - processes.now()) / 1000)
  await processes.advance(isOverdue ? Math.max(...times) + PERIOD : Math.min(...times) - PERIOD / 2)
}

/** Kills one process in the middle of its tick and of requests, and starts another. */
async function killOne(newcomers: readonly User[]): Promise<void> {
  processes.entra.calls.length = 0
  const victim = random.of(brokers)
  const survivors = brokers.filter((broker) => broker !== victim)
  let isTicking = true
  const work = [
    victim.tick().then(() => (isTicking = false)),
    ...newcomers.map((user) => victim.requestToken(user)),
    ...Array.from({ length: 3 }, () => victim.requestToken(random.of(users))),
  ]
  const others = survivors.flatMap((broker) => [
    ...(random.below(2) === 0 ? [broker.tick()] : []),
    ...Array.from({ length: 3 }, () => ask(broker, random.of(users))),
  ])
  const settled = Promise.allSettled(work)
  // From 1, so that the work has begun.
  const callsBefore = 1 + random.below(users.length - 1)
  await eventually(() => processes.entra.calls.length >= callsBefore)
  if (isTicking) hits.unfinishedTicks++
  await victim.kill()
  await settled
  // Nobody else fails, or waits for the dead for longer than its token lives.
  await Promise.all(others)
  brokers = [...survivors, await processes.start()]
}

/** Nothing is due, and each entry has the hint that will bring it up in time. */
async function expectAllInOrder(everyone: readonly User[]): Promise<void> {
  const horizonTimestamp = processes.now() + 2 * PERIOD * 1000
  const hints = await processes.allHints()
  expect(hints.filter(({ dueTimestamp }) => dueTimestamp < horizonTimestamp)).toEqual([])
  const entries = await entriesOf(everyone)
  for (const { entryKey, dueTimestamp, leasedUntilTimestamp, failures } of entries) {
    expect(hints).toContainEqual({ entryKey, dueTimestamp })
    expect([leasedUntilTimestamp, failures]).toEqual([0, 0])
  }
  hits.hintsAhead += hints.length - entries.length
}

test.each(Array.from({ length: KILLS }, (_, number) => number))(
  'after SIGKILL in the middle of its work the next tick of another process repairs everything (kill %i)',
  async (number) => {
    const returning = userOf(`returning${number}`)
    const lost = userOf(`lost${number}`)
    for (const user of [returning, lost]) processes.entra.setUser(user)
    await advanceToDue(random.below(2) === 0)
    await killOne([returning, lost])
    const leased = (await entriesOf(users)).filter(({ leasedUntilTimestamp }) => leasedUntilTimestamp > 0)
    hits.leasesHeld += leased.length

    await processes.advance(PERIOD)
    await random.of(brokers).tick()
    const grants = users.map(
      ({ username }) => processes.entra.calls.filter((call) => call.username === username).length,
    )
    // Once more only where the answer died with the process.
    expect(grants.filter((count) => count !== 1 && count !== 2)).toEqual([])
    hits.answersLost += grants.filter((count) => count === 2).length
    const passwordGrants = processes.entra.calls.filter(({ grantType }) => grantType === 'password')
    expect(
      passwordGrants.every(({ username }) => [returning.username, lost.username].includes(username ?? '')),
    ).toBe(true)

    const lives = await Promise.all([...users, returning].map((user) => ask(random.of(brokers), user)))
    expect(Math.min(...lives)).toBeGreaterThan(THRESHOLD_IN_MS)
    users.push(returning)
    // An entry whose lost refresh left a hint behind had two; what is left of them goes now, without a refresh.
    const callsBefore = processes.entra.calls.length
    await random.of(brokers).tick()
    expect(processes.entra.calls).toHaveLength(callsBefore)
    await expectAllInOrder([...users, lost])
  },
)

test('hints that lead nowhere are gone when their time has come', async () => {
  do {
    await advanceToDue(false)
    await killOne([])
    await processes.advance(PERIOD)
    await random.of(brokers).tick()
  } while (hits.unfinishedTicks === 0)
  for (let round = 0; round < 2; round++) {
    await advanceToDue(true)
    for (const broker of brokers) await broker.tick()
  }
  const everyone = [...users, ...Array.from({ length: KILLS }, (_, number) => userOf(`lost${number}`))]
  const entries = await entriesOf(everyone)
  const expected = entries.map(({ entryKey, dueTimestamp }) => ({ entryKey, dueTimestamp }))
  const hints = await processes.allHints()
  expect(hints).toHaveLength(expected.length)
  expect(hints).toEqual(expect.arrayContaining(expected))
})
