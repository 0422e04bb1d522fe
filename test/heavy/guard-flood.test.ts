import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startProcesses, type BrokerChild, type Processes } from '../support/processes.ts'

const PROCESSES = 4
const TRIES = Number(process.env['TRIES'] ?? 500)
const COLD_BROKERS = Number(process.env['COLD_BROKERS'] ?? 40)
const RIGHT_PASSWORD = 'Right-Password-1'

let processes: Processes
let brokers: BrokerChild[]
let users = 0
let username: string
beforeAll(async () => {
  processes = await startProcesses({
    settings: { IDENTITY_PROVIDER_TIMEOUT: '60', STORAGE_TIMEOUT: '30', REQUEST_DEADLINE: '110' },
  })
  brokers = await Promise.all(Array.from({ length: PROCESSES }, () => processes.start()))
})
afterAll(() => processes.close())
beforeEach(() => {
  username = `user${++users}@contoso.example`
  processes.entra.setUser({ username, password: RIGHT_PASSWORD })
  processes.entra.calls.length = 0
})

/** All at once, one process after the other. @returns how often each status came. */
async function flood(passwordOf: (n: number) => string): Promise<Record<number, number>> {
  const answers = await Promise.all(
    Array.from({ length: TRIES }, async (_, n) =>
      brokers[n % PROCESSES]?.requestToken({ username, password: passwordOf(n) }),
    ),
  )
  const count: Record<number, number> = {}
  for (const answer of answers) count[answer?.status ?? 0] = (count[answer?.status ?? 0] ?? 0) + 1
  return count
}

/** Of statuses that were counted: refused, shut, too many, or come again. */
function expectNothingElse(count: Record<number, number>): void {
  expect(Object.keys(count).filter((status) => !['401', '423', '429', '503'].includes(status))).toEqual([])
}

test(`of ${TRIES} times the same wrong password at once, to four processes, one reaches Entra ID`, async () => {
  expect(await flood(() => 'wrong')).toEqual({ 401: TRIES })
  expect(processes.entra.calls).toHaveLength(1)
})

test(`of ${TRIES} different wrong passwords at once, to four processes, three reach Entra ID in a window`, async () => {
  const count = await flood((n) => `wrong ${n}`)
  expectNothingElse(count)
  expect(count[401]).toBe(3)
  expect(processes.entra.calls).toHaveLength(3)
  await processes.advance(599)
  const again = await flood((n) => `wrong again ${n}`)
  expectNothingElse(again)
  expect(again[401]).toBeUndefined()
  expect(processes.entra.calls).toHaveLength(3)
  await processes.advance(1)
  await flood((n) => `wrong once more ${n}`)
  expect(processes.entra.calls).toHaveLength(6)
  // The account was never locked at Entra ID, which does that after ten.
  await processes.advance(1200)
  expect(await brokers[0]?.requestToken({ username, password: RIGHT_PASSWORD })).toMatchObject({
    status: 200,
  })
})

test(`of ${TRIES} tries with ten wrong passwords at once, to four processes, three reach Entra ID`, async () => {
  const count = await flood((n) => `wrong ${Math.floor(n / PROCESSES) % 10}`)
  expectNothingElse(count)
  expect(processes.entra.calls).toHaveLength(3)
})

test('whose password is known is served all through it', async () => {
  const owner = { username, password: RIGHT_PASSWORD }
  expect(await brokers[0]?.requestToken(owner)).toMatchObject({ status: 200 })
  const flooding = flood((n) => `wrong ${n}`)
  const served = await Promise.all(brokers.map((broker) => broker.requestToken(owner)))
  expect(served.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expectNothingElse(await flooding)
  expect(processes.entra.calls).toHaveLength(4)
})

/** At once, of cold brokers in all the processes. */
async function askCold(password: string) {
  const each = COLD_BROKERS / PROCESSES
  const answers = await Promise.all(brokers.map((broker) => broker.askNew(each, [[{ username, password }]])))
  return answers.flat(3)
}

const times = (count: number, status: number) => Array.from({ length: count }, () => status)

test(`the right password at once from ${COLD_BROKERS} cold brokers in four processes is one grant, two at most`, async () => {
  const answers = await askCold(RIGHT_PASSWORD)
  expect(answers.map(({ status }) => status)).toEqual(times(COLD_BROKERS, 200))
  expect(processes.entra.calls.length).toBeLessThanOrEqual(2)
  const tokens = new Set(answers.map(({ json }) => json['accesstoken']))
  expect(tokens.size).toBe(processes.entra.calls.length)
})

test(`the same wrong password at once from ${COLD_BROKERS} cold brokers in four processes is one call`, async () => {
  const answers = await askCold('wrong')
  expect(answers.map(({ status }) => status)).toEqual(times(COLD_BROKERS, 401))
  expect(processes.entra.calls).toHaveLength(1)
})
