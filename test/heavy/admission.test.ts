import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startProcesses, type BrokerChild, type Processes } from '../support/processes.ts'

const WRONG_TRIES = Number(process.env['WRONG_TRIES'] ?? 600)
const FIRST_SIGN_INS = Number(process.env['FIRST_SIGN_INS'] ?? 5)
const RIGHT_PASSWORD = 'Right-Password-1'

let processes: Processes
let broker: BrokerChild
let users = 0
beforeAll(async () => {
  // The broker's own time limits: work that is let in before it is admitted would use them up.
  processes = await startProcesses()
  broker = await processes.start()
})
afterAll(() => processes.close())
beforeEach(() => {
  processes.entra.calls.length = 0
})

function newcomer() {
  const user = { username: `user${++users}@contoso.example`, password: RIGHT_PASSWORD }
  processes.entra.setUser(user)
  return user
}

const callsFor = ({ username }: { username: string }) =>
  processes.entra.calls.filter((call) => call.username === username).length

test(`beside ${WRONG_TRIES} different wrong passwords at once for one known user, every first sign-in is answered 200, and no pause results`, async () => {
  const known = newcomer()
  expect(await broker.requestToken(known)).toMatchObject({ status: 200 })
  processes.entra.calls.length = 0
  const wrong = Array.from({ length: WRONG_TRIES }, (_, n) =>
    broker.requestToken({ ...known, password: `wrong ${n}` }),
  )
  const legitimate = Array.from({ length: FIRST_SIGN_INS }, newcomer)
  const signIns = await Promise.all(legitimate.map((user) => broker.requestToken(user)))
  expect(signIns.map(({ status, json }) => [status, json['warnings']])).toEqual(
    legitimate.map(() => [200, undefined]),
  )

  const statuses = (await Promise.all(wrong)).map(({ status }) => status)
  expect(statuses.filter((status) => ![401, 423, 429, 503].includes(status))).toEqual([])
  expect(statuses.filter((status) => status === 401)).toHaveLength(3)
  expect(callsFor(known)).toBe(3)
  expect(legitimate.map(callsFor)).toEqual(legitimate.map(() => 1))

  // Nobody is left alone for it: the next one is asked at once, and the known user served.
  expect(broker.lines.filter((line) => line.includes('held_back'))).toEqual([])
  expect(await broker.requestToken(newcomer())).toMatchObject({ status: 200 })
  expect(await broker.requestToken(known)).toMatchObject({ json: { action: 'returned existing token' } })
})

test(`beside ${WRONG_TRIES} wrong passwords at once, each for another unknown user, every first sign-in is answered 200`, async () => {
  const wrong = Array.from({ length: WRONG_TRIES }, (_, n) =>
    broker.requestToken({ username: `nobody${n}@contoso.example`, password: 'wrong' }),
  )
  const legitimate = Array.from({ length: FIRST_SIGN_INS }, newcomer)
  const signIns = await Promise.all(legitimate.map((user) => broker.requestToken(user)))
  expect(signIns.map(({ status }) => status)).toEqual(legitimate.map(() => 200))
  const statuses = new Set((await Promise.all(wrong)).map(({ status }) => status))
  expect([...statuses].filter((status) => ![401, 429, 503].includes(status))).toEqual([])
  expect(broker.lines.filter((line) => line.includes('held_back'))).toEqual([])
})
