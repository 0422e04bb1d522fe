import { setTimeout } from 'node:timers/promises'
import { startProcesses, type Processes, type User } from '../test/support/processes.ts'
import type { InstanceAnswer } from '../test/support/instance.ts'
import type { Row } from './benchmark.ts'

export const about =
  'Callers who all come at once to brokers that know nothing yet. One user: 1,000 callers of one instance, then 1,000 callers of 40 instances in four processes. Then 1,000 users with a caller each, of one instance with the settings as they are; when all are answered, they ask once more. The emulator answers after 300 ms, and counts how many it has not answered yet.'

const CALLERS = 1000
const PROCESSES = 4
const INSTANCES_EACH = 10
const LATENCY_IN_MS = 300
const DEADLINE_IN_MS = 20_000

let users = 0
const newcomer = (): User => ({
  username: `user${++users}@contoso.example`,
  password: `Password-of-${users}`,
})

export async function run(): Promise<readonly Row[]> {
  const processes = await startProcesses({ isStorageInMemory: true })
  const { entra } = processes
  entra.fault = {
    kind: 'hold',
    get until() {
      return setTimeout(LATENCY_IN_MS)
    },
  }
  try {
    return [...(await oneUser(processes)), ...(await manyUsers(processes))]
  } finally {
    await processes.close()
  }
}

async function oneUser(processes: Processes): Promise<readonly Row[]> {
  const { entra } = processes
  const brokers = await Promise.all(Array.from({ length: PROCESSES }, () => processes.start()))
  const grantsOf = async (asked: readonly (typeof brokers)[number][], instances: number) => {
    const user = newcomer()
    entra.setUser(user)
    entra.calls.length = 0
    const callers = Array.from({ length: CALLERS / asked.length / instances }, () => user)
    const answers = await Promise.all(asked.map((broker) => broker.askNew(instances, [callers])))
    const refused = answers.flat(3).filter(({ status }) => status !== 200)
    if (refused.length > 0) throw new Error(`${refused.length} callers were answered ${refused[0]?.status}`)
    return entra.calls.length
  }
  const rowOf = (what: string, grants: number, goal: number): Row => ({
    what,
    figure: { value: grants, unit: 'grants' },
    baseline: { value: CALLERS, unit: 'grants', what: 'each caller for himself' },
    goal: { bound: 'at most', ratio: goal / CALLERS, ifMissed: 'More than one of them asked Entra ID.' },
  })
  const inOne = await grantsOf(brokers.slice(0, 1), 1)
  const inForty = await grantsOf(brokers, INSTANCES_EACH)
  await Promise.all(brokers.map((broker) => broker.close()))
  return [
    rowOf('Stampede of 1,000 for one user, one instance', inOne, 1),
    rowOf('Stampede of 1,000 for one user, 40 instances in 4 processes', inForty, 2),
  ]
}

async function manyUsers(processes: Processes): Promise<readonly Row[]> {
  const { entra } = processes
  const all = Array.from({ length: CALLERS }, newcomer)
  entra.setUser(...all)
  entra.calls.length = 0
  let issued = 0
  let mostInFlight = 0
  // The most are in flight just before one is answered.
  entra.onIssued = () => {
    mostInFlight = Math.max(mostInFlight, entra.calls.length - issued)
    issued += 1
  }
  const broker = await processes.start()
  const [[first = [], second = []] = []] = await broker.askNew(1, [all, all])
  entra.onIssued = undefined
  const servedOf = (answers: readonly InstanceAnswer[]) =>
    answers.filter(({ status }) => status === 200).length
  const slowestInMs = Math.max(...first.map(({ tookInMs }) => tookInMs))
  return [
    {
      what: 'Stampede of 1,000 users, grants',
      figure: { value: entra.calls.length, unit: 'grants' },
      baseline: { value: CALLERS, unit: 'grants', what: 'one for each user' },
      goal: { bound: 'at most', ratio: 1, ifMissed: 'A sign-in was tried again.' },
    },
    {
      what: 'Stampede of 1,000 users, in flight at the most',
      figure: { value: mostInFlight, unit: 'grants' },
      baseline: { value: CALLERS, unit: 'grants', what: 'all at once' },
    },
    {
      what: 'Stampede of 1,000 users, answered with a token',
      figure: { value: servedOf(first), unit: 'callers' },
      baseline: { value: CALLERS, unit: 'callers', what: 'all of them' },
      goal: {
        bound: 'at least',
        ratio: 1,
        ifMissed: `The answers were ${JSON.stringify(countsOf(first))}. Each first sign-in makes a verifier of the password, which takes a core for some 65 ms, two at a time, and the answer waits for it: the two cores of this machine, which the emulators share, do not get through 1,000 within the deadline of 20 s.`,
      },
    },
    {
      what: 'Stampede of 1,000 users, answered with a token when all ask again at once',
      figure: { value: servedOf(second), unit: 'callers' },
      baseline: { value: CALLERS, unit: 'callers', what: 'all of them' },
    },
    {
      what: 'Stampede of 1,000 users, the slowest answer',
      figure: { value: slowestInMs, unit: 'ms' },
      baseline: { value: DEADLINE_IN_MS, unit: 'ms', what: 'the deadline' },
      goal: { bound: 'at most', ratio: 1, ifMissed: 'A timer that is due waits for what runs just then.' },
    },
  ]
}

/** How many were answered with which status. */
function countsOf(answers: readonly InstanceAnswer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
