import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const SPRAYED = 'Summer-2026'
const FLOW = { 'x-functions-key': 'key-of-the-flow' }
const SPRAYER = { 'x-functions-key': 'key-of-the-sprayer' }

const clock = stopClock()
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(async () => {
  clock.advance(3600)
  await broker.restart()
  await broker.reset()
})

/** One password over many users, none of whom is tried often enough for a guard of his own. */
async function spray(headers: Record<string, string>, count: number): Promise<number[]> {
  const statuses: number[] = []
  for (let n = 0; n < count; n++) {
    const fields = { username: `victim${n}@contoso.example`, password: SPRAYED }
    statuses.push((await broker.requestToken(fields, headers)).status)
  }
  return statuses
}

const times = (count: number, status: number) => Array.from({ length: count }, () => status)

test('a caller who has twenty users refused in ten minutes is 429 for passwords that are not known, and Entra ID is not asked', async () => {
  await broker.requestToken({}, SPRAYER)
  expect(broker.logged('token_request').at(-1)).toMatchObject({ status: 200 })
  expect(await spray(SPRAYER, 25)).toEqual([...times(20, 401), ...times(5, 429)])
  expect(broker.entra.calls).toHaveLength(21)
  const { status, headers, json } = await broker.requestToken({ password: 'another' }, SPRAYER)
  expect([status, headers.get('retry-after')]).toEqual([429, '60'])
  expect(json).toMatchObject({ error: 'too_many_requests', retryable: true, retry_after_seconds: 60 })
  const line = broker.logged('token_request').at(-1)
  expect(line).toMatchObject({
    detail: 'caller_refused_too_often',
    caller: expect.stringMatching(/^[\w-]{16}$/),
  })
  expect(JSON.stringify(broker.logs)).not.toContain('key-of-the')
})

test('whose password is known is served all the same, from memory and from the table; so is every other caller', async () => {
  expect((await broker.requestToken({}, FLOW)).status).toBe(200)
  await spray(SPRAYER, 20)
  expect((await broker.requestToken({}, SPRAYER)).json).toMatchObject({ action: 'returned existing token' })
  clock.advance(301)
  expect((await broker.requestToken({}, SPRAYER)).json).toMatchObject({ action: 'returned existing token' })
  const newcomer = { username: 'newcomer@contoso.example', password: 'Right-Password-1' }
  broker.entra.setUser(newcomer)
  expect((await broker.requestToken(newcomer, SPRAYER)).status).toBe(429)
  expect((await broker.requestToken(newcomer, FLOW)).status).toBe(200)
})

test('after ten minutes without it the caller is believed again', async () => {
  await spray(SPRAYER, 20)
  clock.advance(599)
  expect((await broker.requestToken({ password: 'another' }, SPRAYER)).status).toBe(429)
  clock.advance(1)
  expect((await broker.requestToken({ password: 'another' }, SPRAYER)).status).toBe(401)
})

test('a caller with more users accepted than refused is a busy one, not a sprayer', async () => {
  for (let n = 0; n < 25; n++) {
    const user = { username: `worker${n}@contoso.example`, password: 'Right-Password-1' }
    broker.entra.setUser(user)
    expect((await broker.requestToken(user, FLOW)).status).toBe(200)
  }
  expect(await spray(FLOW, 25)).toEqual(times(25, 401))
})

test('behind App Service authentication the log names the principal, and the sprayer is his own caller behind a shared key', async () => {
  await broker.restart({ WEBSITE_AUTH_ENABLED: 'True' })
  const sprayer = { ...FLOW, 'x-ms-client-principal-id': 'b1f7c0de-0000-4000-8000-000000000001' }
  const neighbour = { ...FLOW, 'x-ms-client-principal-id': 'b1f7c0de-0000-4000-8000-000000000002' }
  expect(await spray(sprayer, 21)).toEqual([...times(20, 401), 429])
  expect((await broker.requestToken({}, neighbour)).status).toBe(200)
  const callers = new Set(broker.logged('token_request').map(({ caller }) => caller))
  expect(callers).toEqual(new Set([expect.stringMatching(/^[\w-]{16}$/), expect.any(String)]))
  expect(callers.size).toBe(2)
  expect(JSON.stringify(broker.logs)).not.toContain('b1f7c0de')
})

test('without it the header of a principal is nobody: a sprayer cannot be another caller at each try', async () => {
  for (let n = 0; n < 20; n++) {
    const victim = { username: `victim${n}@contoso.example`, password: SPRAYED }
    await broker.requestToken(victim, { ...SPRAYER, 'x-ms-client-principal-id': `forged-${n}` })
  }
  expect((await broker.requestToken({ password: 'another' }, SPRAYER)).status).toBe(429)
})
