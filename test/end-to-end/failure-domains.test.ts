import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Fault } from '../../local/server/fault.ts'
import { LIFETIME, startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { onTestFinished } from '../support/on-test-finished.ts'

const PASSWORD = 'Right-Password-1'
const DOWN: Fault = { kind: 'status', status: 503 }
const throttled = (retryAfterInSeconds: number): Fault => ({
  kind: 'status',
  status: 429,
  retryAfterInSeconds,
})

const clock = stopClock()
let broker: TestBroker
let users = 0
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(async () => {
  await broker.restart()
  await broker.reset()
  // Nobody has asked for the users of the test before in a week: they are dropped.
  clock.advance(8 * 86_400)
  await broker.runTimer()
})

/** Nobody has asked for this user before. */
function newcomer(failWith?: number): string {
  const username = `user${++users}@contoso.example`
  broker.entra.setUser({ username, password: PASSWORD, failWith })
  return username
}

/** The answer's status, its `Retry-After`, and how often Entra ID was asked for it. */
async function ask(username: string): Promise<string> {
  const callsBefore = broker.entra.calls.length
  const { status, headers } = await broker.requestToken({ username, password: PASSWORD })
  const calls = broker.entra.calls.slice(callsBefore).filter((call) => call.username === username).length
  const wait = headers.get('retry-after')
  return `${status}${wait === null ? '' : ` for ${wait} s`}, ${calls === 1 ? 'asked' : calls === 0 ? 'unasked' : calls}`
}

async function askWhile(fault: Fault, ...usernames: string[]): Promise<string[]> {
  broker.entra.fault = fault
  const answers: string[] = []
  for (const username of usernames) answers.push(await ask(username))
  broker.entra.fault = undefined
  return answers
}

test("one user's 429 pauses that user for the time it asks, and nobody else", async () => {
  const [throttledOne, other] = [newcomer(), newcomer()]
  expect(await askWhile(throttled(300), throttledOne)).toEqual(['503 for 300 s, asked'])
  expect([await ask(throttledOne), await ask(other), await ask(newcomer())]).toEqual([
    '503 for 300 s, unasked',
    '200, asked',
    '200, asked',
  ])
  clock.advance(299)
  expect([await ask(throttledOne), await ask(newcomer())]).toEqual(['503 for 1 s, unasked', '200, asked'])
  clock.advance(1)
  expect(await ask(throttledOne)).toBe('200, asked')
})

test("several users' 429s pause the authority for the time they ask, but not who holds a token", async () => {
  const cached = newcomer()
  expect(await ask(cached)).toBe('200, asked')
  expect(await askWhile(throttled(90), newcomer(), newcomer(), newcomer())).toEqual([
    '503 for 90 s, asked',
    '503 for 90 s, asked',
    '503 for 90 s, asked',
  ])
  expect([await ask(newcomer()), await ask(cached)]).toEqual(['503 for 90 s, unasked', '200, unasked'])
  clock.advance(89)
  expect(await ask(newcomer())).toBe('503 for 1 s, unasked')
  clock.advance(1)
  expect(await ask(newcomer())).toBe('200, asked')
})

test('a Retry-After of ten years is cut to five minutes, for the caller and for the pause', async () => {
  const username = newcomer()
  expect(await askWhile(throttled(315_360_000), username)).toEqual(['503 for 300 s, asked'])
  clock.advance(299)
  expect(await ask(username)).toBe('503 for 1 s, unasked')
  clock.advance(1)
  expect(await ask(username)).toBe('200, asked')
})

test('a provider that comes back is not stampeded: one asks first, and the others when it was answered', async () => {
  await askWhile(DOWN, newcomer(), newcomer(), newcomer())
  clock.advance(1)
  let open = () => {}
  broker.entra.fault = { kind: 'hold', until: new Promise<void>((resolve) => (open = resolve)) }
  onTestFinished(() => open())
  broker.entra.calls.length = 0
  const probe = ask(newcomer())
  await eventually(() => broker.entra.calls.length > 0)
  const others = Array.from({ length: 20 }, () => newcomer())
  const unasked = await Promise.all(others.map((username) => ask(username)))
  expect(new Set(unasked)).toEqual(new Set(['503 for 1 s, unasked']))
  broker.entra.fault = undefined
  open()
  expect(await probe).toBe('200, asked')
  expect(new Set(await Promise.all(others.map((username) => ask(username))))).toEqual(new Set(['200, asked']))
  expect(broker.entra.calls).toHaveLength(21)
})

test('a probe that fails pauses for twice as long, and none of the others is asked', async () => {
  await askWhile(DOWN, newcomer(), newcomer(), newcomer())
  const waits: string[] = []
  for (const seconds of [1, 2, 4, 8]) {
    clock.advance(seconds)
    const [probe = ''] = await askWhile(DOWN, newcomer())
    waits.push(probe.replace(/ for \d+ s/, ''), await ask(newcomer()))
  }
  expect(waits).toEqual([
    '503, asked',
    '503 for 2 s, unasked',
    '503, asked',
    '503 for 4 s, unasked',
    '503, asked',
    '503 for 8 s, unasked',
    '503, asked',
    '503 for 16 s, unasked',
  ])
})

describe.each([
  ['whose on-premises agent is too slow', 80002],
  ['whose sign-in is refused by a policy', 53003],
])('an account %s', (_, aadsts) => {
  test('fails for five minutes, every two seconds, and first sign-ins, cached users and the timer do not notice', async () => {
    const cached = Array.from({ length: 3 }, () => newcomer())
    for (const username of cached) expect(await ask(username)).toBe('200, asked')
    const noisy = newcomer(aadsts)
    clock.advance(LIFETIME - 600)
    broker.logs.length = 0
    const noise = new Set<number>()
    const answers: string[] = []
    for (let second = 0; second < 300; second += 2) {
      noise.add((await broker.requestToken({ username: noisy, password: PASSWORD })).status)
      if (second % 60 === 0) await broker.runTimer()
      if (second % 30 === 0) answers.push(await ask(newcomer()))
      for (const username of cached) answers.push(await ask(username))
      clock.advance(2)
    }
    expect(noise).toEqual(new Set([aadsts === 80002 ? 503 : 403]))
    expect(new Set(answers)).toEqual(new Set(['200, asked', '200, unasked']))
    const sweeps = broker.logged('refresh_sweep')
    expect(sweeps.map(({ due, refreshed, failed }) => ({ due, refreshed, failed }))).toEqual([
      { due: 3, refreshed: 3, failed: {} },
      ...Array.from({ length: 4 }, () => ({ due: 0, refreshed: 0, failed: {} })),
    ])
    // Asked again after 30 s, 1, 2 and 4 minutes; a judgement is repeated for 30 s.
    const calls = broker.entra.calls.filter(({ username }) => username === noisy)
    expect(calls).toHaveLength(aadsts === 80002 ? 4 : 10)
  })
})

test("a refresh that fails for one user's account is not the others': the sweep goes on", async () => {
  const [failing, ...others] = Array.from({ length: 5 }, () => newcomer())
  for (const username of [failing ?? '', ...others]) expect(await ask(username)).toBe('200, asked')
  broker.entra.setUser({ username: failing ?? '', password: PASSWORD, failWith: 80002 })
  clock.advance(LIFETIME - 600)
  broker.logs.length = 0
  for (let minute = 0; minute < 5; minute++) {
    await broker.runTimer()
    clock.advance(60)
  }
  const sweeps = broker.logged('refresh_sweep')
  expect(sweeps.reduce((sum, { refreshed }) => sum + Number(refreshed), 0)).toBe(4)
  expect(sweeps[0]).toMatchObject({ due: 5, refreshed: 4, failed: { temporarily_unavailable: 1 } })
  // Its token still lives, and so it is served.
  expect((await broker.requestToken({ username: failing, password: PASSWORD })).json).toMatchObject({
    action: 'returned existing token',
  })
  expect(await ask(newcomer())).toBe('200, asked')
})
