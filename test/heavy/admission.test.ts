import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startProcesses, type BrokerChild, type Processes, type User } from '../support/processes.ts'

const WRONG_TRIES = Number(process.env['WRONG_TRIES'] ?? 600)
const FIRST_SIGN_INS = Number(process.env['FIRST_SIGN_INS'] ?? 5)
const RIGHT_PASSWORD = 'Right-Password-1'

let processes: Processes
let broker: BrokerChild
let users = 0
beforeAll(async () => {
  // With the broker's own time limits: work that is let in before it is admitted would use them up.
  processes = await startProcesses()
  broker = await processes.start()
})
afterAll(() => processes.close())
beforeEach(() => {
  processes.entra.calls.length = 0
})

function newcomer(): User {
  const user = { username: `user${++users}@contoso.example`, password: RIGHT_PASSWORD }
  processes.entra.setUser(user)
  return user
}

const callsFor = ({ username }: { username: string }) =>
  processes.entra.calls.filter((call) => call.username === username).length

/** All at once, wrong ones first; then one who has never been seen, so that a pause would show. */
async function signInBeside(wrong: readonly User[], afterwards: readonly User[]) {
  const legitimate = Array.from({ length: FIRST_SIGN_INS }, newcomer)
  const [[answers = [], later = []] = []] = await broker.askNew(1, [[...wrong, ...legitimate], afterwards])
  return { legitimate, refused: answers.slice(0, wrong.length), accepted: answers.slice(wrong.length), later }
}

const REFUSALS = [401, 423, 429, 503]
const accepted200 = Array.from({ length: FIRST_SIGN_INS }, () => 200)

test(`beside ${WRONG_TRIES} different wrong passwords at once for one known user, every first sign-in is answered 200, and no pause results`, async () => {
  const known = newcomer()
  expect(await broker.requestToken(known)).toMatchObject({ status: 200 })
  processes.entra.calls.length = 0
  const wrong = Array.from({ length: WRONG_TRIES }, (_, n) => ({ ...known, password: `wrong ${n}` }))
  const { legitimate, refused, accepted, later } = await signInBeside(wrong, [newcomer(), known])

  expect(accepted.map(({ status }) => status)).toEqual(accepted200)
  expect(legitimate.map(callsFor)).toEqual(legitimate.map(() => 1))
  expect(refused.filter(({ status }) => !REFUSALS.includes(status))).toEqual([])
  expect(refused.filter(({ status }) => status === 401)).toHaveLength(3)
  expect(callsFor(known)).toBe(3)
  // Nobody is left alone for it: the next one is asked at once, and the known user served.
  expect(refused.filter(({ line }) => String(line['detail']).startsWith('held_back'))).toEqual([])
  expect(later.map(({ json }) => json['action'])).toEqual(['retrieved new token', 'returned existing token'])
})

test(`beside ${WRONG_TRIES} wrong passwords at once, each for another unknown user, every first sign-in is answered 200`, async () => {
  const wrong = Array.from({ length: WRONG_TRIES }, (_, n) => ({
    username: `nobody${n}@contoso.example`,
    password: 'wrong',
  }))
  const { refused, accepted, later } = await signInBeside(wrong, [newcomer()])
  expect(accepted.map(({ status }) => status)).toEqual(accepted200)
  expect(refused.filter(({ status }) => !REFUSALS.includes(status))).toEqual([])
  expect(refused.filter(({ line }) => String(line['detail']).startsWith('held_back'))).toEqual([])
  expect(later.map(({ json }) => json['action'])).toEqual(['retrieved new token'])
})
