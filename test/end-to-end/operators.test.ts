import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const USERS = [0, 1, 2].map((n) => ({ username: `operated${n}@contoso.example`, password: `Operated-${n}` }))
const [ANN = { username: '', password: '' }] = USERS
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
  for (const user of USERS) broker.entra.setUser(user)
})
afterAll(() => broker.close())
beforeEach(async () => {
  clock.advance(7200)
  await broker.reset()
  await operate('DELETE', '/tokens?client=default')
  for (const user of USERS) expect((await broker.requestToken(user)).status).toBe(200)
  broker.logs.length = 0
  broker.entra.calls.length = 0
})

const operate = (method: string, path: string, body?: unknown) =>
  broker.call(path, {
    method,
    headers: { 'content-type': 'application/json', 'x-functions-key': 'canary-admin-key' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const audited = () =>
  broker.logged('operator_action').map(({ action, client, count, status }) => [action, client, count, status])
const actionOf = async (user: object) => (await broker.requestToken({ ...user })).json['action']

test('entries are listed in pages, with times and without names, tokens or secrets', async () => {
  const pages: Record<string, unknown>[] = []
  let next: string | null = ''
  for (let page = 0; page < 5 && next !== null; page++) {
    const { status, json, headers } = await operate(
      'GET',
      `/tokens?page_size=2${next ? `&next=${next}` : ''}`,
    )
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    pages.push(...(json['tokens'] as Record<string, unknown>[]))
    next = json['next'] as string | null
  }
  expect(pages).toHaveLength(3)
  const now = Date.now()
  expect(pages[0]).toEqual({
    user_hash: expect.stringMatching(/^[\w-]{43}$/),
    client: 'default',
    is_readable: true,
    expires_on: new Date(now + 3_599_000).toISOString(),
    due: new Date(now + 2_999_000).toISOString(),
    last_used: new Date(now).toISOString(),
    password_accepted_on: new Date(now).toISOString(),
    failures: 0,
    by_password: true,
  })
  expect(JSON.stringify(pages)).not.toMatch(/operated|eyJ|Operated/)
})

test('a user is found by name, so that the log can be searched by the hash, with and without an entry', async () => {
  const { json } = await operate('POST', '/tokens/find', { username: ANN.username.toUpperCase() })
  await broker.requestToken(ANN)
  expect(json['user_hash']).toBe(broker.logged('token_request').at(-1)?.['userHash'])
  expect(json).toMatchObject({ entry: { client: 'default' }, refused_passwords: 0, locked_until: null })
  const nobody = await operate('POST', '/tokens/find', { username: 'nobody@contoso.example' })
  expect([nobody.status, nobody.json]).toEqual([
    200,
    {
      user_hash: expect.stringMatching(/^[\w-]{43}$/),
      entry: null,
      refused_passwords: 0,
      locked_until: null,
    },
  ])
})

test('a forgotten entry is gone here at once: the next request signs in', async () => {
  const { json } = await operate('POST', '/tokens/find', ANN)
  const path = `/tokens/${String(json['user_hash'])}`
  expect((await operate('DELETE', path)).status).toBe(204)
  expect((await operate('DELETE', path)).status).toBe(404)
  expect(await actionOf(ANN)).toBe('retrieved new token')
  expect(audited()).toEqual([
    ['find', 'default', undefined, 200],
    ['forget', undefined, 1, 204],
    ['forget', undefined, undefined, 404],
  ])
})

test('all entries of a profile are forgotten', async () => {
  const { status, json } = await operate('DELETE', '/tokens?client=DEFAULT')
  expect([status, json]).toEqual([200, { deleted: 3 }])
  for (const user of USERS) expect(await actionOf(user)).toBe('retrieved new token')
  expect((await operate('DELETE', '/tokens?client=nosuch')).json).toEqual({ deleted: 0 })
})

test('an operator opens what the guard has shut, also where there is no entry', async () => {
  const user = { username: 'shut@contoso.example', password: 'Shut-1' }
  broker.entra.setUser(user)
  for (const n of [1, 2, 3]) await broker.requestToken({ ...user, password: `Wrong-${n}` })
  expect((await broker.requestToken(user)).status).toBe(423)
  expect((await operate('POST', '/tokens/find', { username: user.username })).json).toMatchObject({
    entry: null,
    refused_passwords: 3,
  })
  const forgotten = await operate('POST', '/tokens/forget', { username: user.username })
  expect([forgotten.status, forgotten.json['deleted']]).toEqual([200, 0])
  expect(await actionOf(user)).toBe('retrieved new token')
})

test.each([
  ['DELETE', '/tokens', undefined, 400],
  ['DELETE', '/tokens?client=', undefined, 400],
  ['DELETE', '/tokens?client=a%2Fb', undefined, 400],
  ['DELETE', '/tokens/short', undefined, 400],
  ['DELETE', `/tokens/${'x'.repeat(43)}`, undefined, 404],
  ['GET', '/tokens?page_size=0', undefined, 400],
  ['GET', '/tokens?page_size=201', undefined, 400],
  ['GET', '/tokens?page_size=canary', undefined, 400],
  ['GET', '/tokens?next=%00', undefined, 400],
  ['POST', '/tokens/find', {}, 400],
  ['POST', '/tokens/find', { username: 5 }, 400],
  ['POST', '/tokens/find', ['canary'], 400],
  ['POST', '/tokens/find', { username: 'u', client: 'no/slash' }, 400],
  ['POST', '/tokens/find', { username: 'u', client: 'nosuch' }, 400],
  ['POST', '/tokens/forget', { username: ' ' }, 400],
])('%s %s with %j is %i, and echoes nothing', async (method, path, body, expected) => {
  const { status, json, text } = await operate(method, path, body)
  expect([status, typeof json['remedy']]).toEqual([expected, 'string'])
  expect(text).not.toContain('canary')
  expect(broker.logged('operator_action')).toHaveLength(1)
  expect(JSON.stringify(broker.logs)).not.toMatch(/canary|operated/)
})

test('with the tables down it says so', async () => {
  await broker.restart({ TABLE_SERVICE_URL: 'https://127.0.0.1:1/devstoreaccount1', STORAGE_TIMEOUT: '1' })
  const { status, json } = await operate('GET', '/tokens')
  expect([status, json['error']]).toEqual([503, 'temporarily_unavailable'])
})
