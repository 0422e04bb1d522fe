import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const SECONDS = Number(process.env['SECONDS'] ?? 3600)
const FIRST_SIGN_IN_EVERY = Number(process.env['FIRST_SIGN_IN_EVERY'] ?? 20)
const PASSWORD = 'Right-Password-1'
/** The life of a token less the threshold. */
const UNTIL_DUE = 3599 - 600

const clock = stopClock()
let broker: TestBroker
let users = 0
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())

function newcomer(failWith?: number) {
  const user = { username: `user${++users}@contoso.example`, password: PASSWORD }
  broker.entra.setUser({ ...user, failWith })
  return user
}

test(`one account fails on 80002 every two seconds for ${SECONDS} s: not one other sign-in is refused, and the sweep goes on`, async () => {
  const cached = Array.from({ length: 10 }, () => newcomer())
  for (const user of cached) expect((await broker.requestToken(user)).status).toBe(200)
  const noisy = newcomer(80002)
  const noise = new Set<number>()
  const refused: unknown[] = []
  const expectServed = async (user: { username: string; password: string }) => {
    const { status, json } = await broker.requestToken(user)
    if (status !== 200 || json['warnings']) refused.push(json)
  }
  for (let second = 0; second < SECONDS; second += 2) {
    noise.add((await broker.requestToken(noisy)).status)
    if (second % 60 === 0) await broker.runTimer()
    if (second % FIRST_SIGN_IN_EVERY === 0) await expectServed(newcomer())
    const user = cached[(second / 4) % cached.length]
    if (user) await expectServed(user)
    clock.advance(2)
  }
  expect(refused).toEqual([])
  expect(noise).toEqual(new Set([503]))

  const sweeps = broker.logged('refresh_sweep')
  expect(sweeps).toHaveLength(Math.ceil(SECONDS / 60))
  expect(sweeps.filter(({ failed, left }) => JSON.stringify(failed) !== '{}' || left !== 0)).toEqual([])
  const callsFor = ({ username }: { username: string }) =>
    broker.entra.calls.filter((call) => call.username === username).map(({ grantType }) => grantType)
  // The timer refreshed each of them in time.
  const expected = SECONDS > UNTIL_DUE ? ['password', 'refresh_token'] : ['password']
  expect(cached.map(callsFor)).toEqual(cached.map(() => expected))
  // Asked again after 30 s, 1, 2, and then every 4 minutes.
  expect(callsFor(noisy).length).toBeLessThanOrEqual(4 + Math.ceil(SECONDS / 240))
})
