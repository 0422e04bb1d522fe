import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Fault } from '../../local/server/fault.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

const PASSWORD = 'Right-Password-1'
const DOWN: Fault = { kind: 'status', status: 503 }

const clock = stopClock()
let broker: TestBroker
let gateway: StorageGateway
let users = 0
/** Each test has a user of its own, whom nobody has tried before. */
let username: string
beforeAll(async () => {
  broker = await startBroker(async ({ tls, azurite }) => {
    gateway = await startStorageGateway(tls, azurite.tableServiceUrl)
    return { TABLE_SERVICE_URL: gateway.url }
  })
})
afterAll(async () => {
  await broker.close()
  await gateway.close()
})
beforeEach(async () => {
  gateway.reset()
  await broker.reset()
  username = `user${++users}@contoso.example`
  broker.entra.setUser({ username, password: PASSWORD })
})

/** The answer's status and how often Entra ID was asked for it. */
async function ask(password: string): Promise<string> {
  const callsBefore = broker.entra.calls.length
  const { status, json } = await broker.requestToken({ username, password })
  const calls = broker.entra.calls.length - callsBefore
  const wait =
    json['retry_after_seconds'] === undefined ? '' : ` for ${Number(json['retry_after_seconds'])} s`
  return `${status}${wait}, ${calls === 0 ? 'unasked' : calls === 1 ? 'asked' : `${calls} calls`}`
}

async function askAll(...passwords: string[]): Promise<string[]> {
  const answers: string[] = []
  for (const password of passwords) answers.push(await ask(password))
  return answers
}

test('the same refused password is one call, and each repetition says how long ago it was refused', async () => {
  expect(await ask('wrong 1')).toBe('401, asked')
  clock.advance(42)
  const { status, headers, json } = await broker.requestToken({ username, password: 'wrong 1' })
  expect([status, headers.get('www-authenticate'), headers.get('retry-after')]).toEqual([
    401,
    'Basic realm="entra-token-broker", charset="UTF-8"',
    null,
  ])
  expect(json).toMatchObject({
    error: 'invalid_credentials',
    description: 'Entra ID refused this user name and password 42 s ago, and was not asked again.',
    remedy: expect.stringContaining('a reset may take minutes'),
    retryable: false,
    retry_after_seconds: 558,
  })
  await broker.restart()
  expect(await askAll('wrong 1', 'WRONG 1')).toEqual(['401 for 558 s, unasked', '401, asked'])
  expect(broker.entra.calls).toHaveLength(2)
})

test('a fourth different password is 423 unasked until the oldest refusal is over, and so is the right one', async () => {
  expect(await askAll('wrong 1', 'wrong 2', 'wrong 3', 'wrong 4', PASSWORD)).toEqual([
    '401, asked',
    '401, asked',
    '401, asked',
    '423 for 600 s, unasked',
    '423 for 600 s, unasked',
  ])
  const { headers, json } = await broker.requestToken({ username, password: 'wrong 4' })
  expect(headers.get('retry-after')).toBeNull()
  expect(json).toMatchObject({ error: 'account_locked', retryable: false })
  clock.advance(599)
  await broker.restart()
  expect(await ask(PASSWORD)).toBe('423 for 1 s, unasked')
  clock.advance(1)
  expect(await ask(PASSWORD)).toBe('200, asked')
})

test('a user name in other letters is the same user', async () => {
  await askAll('wrong 1', 'wrong 2', 'wrong 3')
  username = username.toUpperCase()
  expect(await askAll('wrong 1', 'wrong 4')).toEqual(['401 for 600 s, unasked', '423 for 600 s, unasked'])
})

test('a right password whose verifier matches is served at once, and does not clear the row', async () => {
  expect(await ask(PASSWORD)).toBe('200, asked')
  await askAll('wrong 1', 'wrong 2', 'wrong 3')
  expect(await ask(PASSWORD)).toBe('200, unasked')
  await broker.restart()
  expect(await ask(PASSWORD)).toBe('200, unasked')
  expect(await askAll('wrong 1', 'wrong 4')).toEqual(['401 for 600 s, unasked', '423 for 600 s, unasked'])
})

test('an accepted password gives the places back, and what was refused stays refused for its time', async () => {
  await askAll('wrong 1', 'wrong 2')
  expect(await ask(PASSWORD)).toBe('200, asked')
  expect(await askAll('wrong 1', 'wrong 3', 'wrong 4', 'wrong 5', 'wrong 6')).toEqual([
    '401 for 600 s, unasked',
    '401, asked',
    '401, asked',
    '401, asked',
    '423 for 600 s, unasked',
  ])
})

test('a locked account (50053) is asked again only after its time, which doubles', async () => {
  broker.entra.failWith = 50053
  expect(await askAll('any 1', PASSWORD)).toEqual(['423 for 60 s, asked', '423 for 60 s, unasked'])
  clock.advance(59)
  await broker.restart()
  expect(await ask(PASSWORD)).toBe('423 for 1 s, unasked')
  clock.advance(1)
  expect(await ask(PASSWORD)).toBe('423 for 120 s, asked')
  expect(await ask(PASSWORD)).toBe('423 for 120 s, unasked')
  clock.advance(120)
  broker.entra.failWith = undefined
  expect(await ask(PASSWORD)).toBe('200, asked')
})

const lostAnswers: [string, Fault, Record<string, string>][] = [
  ['a time-out', { kind: 'hang' }, { IDENTITY_PROVIDER_TIMEOUT: '0.5' }],
  ['a connection that ends', { kind: 'reset' }, {}],
]
describe.each(lostAnswers)('an answer that was lost by %s', (_, fault, settings) => {
  /** Asks in a process that waits in vain, and leaves the question to a patient one. */
  async function loseAnswers(...passwords: string[]): Promise<string[]> {
    await broker.restart(settings)
    broker.entra.fault = fault
    const answers = await askAll(...passwords)
    broker.entra.fault = undefined
    await broker.restart()
    return answers
  }

  test('counts, is 503 and never 401 or 423, and is asked for again after 30 s, then after a minute', async () => {
    expect(await loseAnswers('wrong 1')).toEqual(['503 for 30 s, asked'])
    expect(await ask('wrong 1')).toBe('503 for 30 s, unasked')
    clock.advance(29)
    expect(await ask('wrong 1')).toBe('503 for 1 s, unasked')
    clock.advance(1)
    expect(await loseAnswers('wrong 1')).toEqual(['503 for 60 s, asked'])
    clock.advance(59)
    expect(await ask('wrong 1')).toBe('503 for 1 s, unasked')
    clock.advance(1)
    expect(await ask('wrong 1')).toBe('401, asked')
    expect(await askAll('wrong 2', 'wrong 3', 'wrong 4')).toEqual([
      '401, asked',
      '401, asked',
      '423 for 600 s, unasked',
    ])
  })

  test('holds its place: when all are held by lost answers, another password is 503, not 423', async () => {
    await loseAnswers('lost 1', 'lost 2')
    expect(await ask('wrong 3')).toBe('401, asked')
    expect(await ask('wrong 4')).toBe('423 for 600 s, unasked')
    username = `other-of-${username}`
    await loseAnswers('lost 1', 'lost 2', 'lost 3')
    expect(await ask('wrong 4')).toMatch(/^503 for \d+ s, unasked$/)
  })

  test('shuts no owner out: the right password that was lost is accepted when its time has come', async () => {
    await loseAnswers(PASSWORD)
    clock.advance(30)
    expect(await ask(PASSWORD)).toBe('200, asked')
  })
})

test.each([
  ['multi-factor authentication', 50076, 'interaction_required'],
  ['an expired password', 50055, 'password_change_required'],
  ['a disabled account', 50057, 'account_disabled'],
  ['a policy', 53003, 'policy_blocked'],
])('%s is answered the same for 30 s unasked, and takes no place', async (_, aadsts, error) => {
  broker.entra.setUser({ username, password: PASSWORD, failWith: aadsts })
  const first = (await broker.requestToken({ username, password: PASSWORD })).json
  expect(first).toMatchObject({ error, aadsts })
  clock.advance(29)
  await broker.restart()
  const { json } = await broker.requestToken({ username, password: PASSWORD })
  expect({ ...json, correlation_id: '' }).toEqual({ ...first, correlation_id: '' })
  expect(broker.entra.calls).toHaveLength(1)
  expect(await askAll('wrong 1', 'wrong 2', 'wrong 3', 'wrong 4')).toEqual([
    '401, asked',
    '401, asked',
    '401, asked',
    '423 for 600 s, unasked',
  ])
  clock.advance(1)
  broker.entra.setUser({ username, password: PASSWORD })
  expect(await ask(PASSWORD)).toBe('423 for 599 s, unasked')
})

test('a password that was certainly not judged (503, refused connections) takes no place', async () => {
  broker.entra.fault = DOWN
  expect(await askAll('wrong 1', 'wrong 2')).toEqual(['503 for 15 s, asked', '503 for 15 s, asked'])
  broker.entra.fault = undefined
  const startEntra = await broker.stopEntra()
  expect(await ask('wrong 3')).toBe('503 for 15 s, unasked')
  await startEntra()
  await broker.restart()
  expect(await askAll('wrong 1', 'wrong 4', PASSWORD)).toEqual(['401, asked', '401, asked', '200, asked'])
})

test('the limits are settings', async () => {
  const settings = { MAX_REFUSED_PASSWORDS: '1', REFUSAL_WINDOW: '60' }
  await broker.restart(settings)
  expect(await askAll('wrong 1', 'wrong 2')).toEqual(['401, asked', '423 for 60 s, unasked'])
  clock.advance(60)
  // A window that was full doubles the next.
  expect(await askAll('wrong 2', 'wrong 1')).toEqual(['401, asked', '423 for 120 s, unasked'])
  await broker.restart({ ...settings, MAX_REFUSED_PASSWORDS: '5' })
  expect(await askAll('wrong 1', 'wrong 3', 'wrong 4', 'wrong 5', 'wrong 6')).toEqual([
    '401, asked',
    '401, asked',
    '401, asked',
    '401, asked',
    expect.stringMatching(/^423 for \d+ s, unasked$/),
  ])
})

describe('while the table is down', () => {
  beforeEach(async () => {
    await broker.restart()
    gateway.fault = DOWN
  })

  test('each instance has one place, and says so in a warning', async () => {
    const { status, json } = await broker.requestToken({ username, password: PASSWORD })
    expect([status, json['warnings']]).toEqual([
      200,
      expect.arrayContaining([
        'refusals_not_shared: Refused passwords could not be shared with other instances, so few are allowed in this one.',
      ]),
    ])
    expect(await askAll('wrong 1', 'wrong 1', 'wrong 2', PASSWORD)).toEqual([
      '401, asked',
      '401 for 600 s, unasked',
      '423 for 600 s, unasked',
      '200, unasked',
    ])
    await broker.restart()
    expect(await askAll('wrong 2', 'wrong 3')).toEqual(['401, asked', '423 for 600 s, unasked'])
  })

  test('what was refused is told to the others when it is back', async () => {
    expect(await askAll('wrong 1')).toEqual(['401, asked'])
    gateway.fault = undefined
    clock.advance(10)
    expect(await ask('wrong 2')).toBe('401, asked')
    await broker.restart()
    expect(await askAll('wrong 1', 'wrong 3', 'wrong 4')).toEqual([
      '401 for 590 s, unasked',
      '401, asked',
      '423 for 590 s, unasked',
    ])
  })
})

test('an hour of a flow with an old password, which retries every minute: one call a window', async () => {
  const answers = new Set<number>()
  for (let minute = 0; minute < 60; minute++) {
    const retries = [1, 2, 3, 4].map(() => broker.requestToken({ username, password: 'Old-Password' }))
    for (const { status } of await Promise.all(retries)) answers.add(status)
    clock.advance(60)
  }
  expect(broker.entra.calls).toHaveLength(6)
  expect(answers).toEqual(new Set([401]))
})
