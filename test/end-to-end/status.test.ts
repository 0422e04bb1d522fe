import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'

const clock = stopClock()
const USER = { username: 'counted@contoso.example', password: 'Never-Shown-1' }
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
  broker.entra.setUser(USER)
})
afterAll(() => broker.close())
beforeEach(async () => {
  // What happened before is out of sight.
  clock.advance(26 * 3600)
  await broker.reset()
  await broker.restart()
})

const dataOf = async (hours = 1) =>
  broker.call(`/status/data?hours=${hours}`, { headers: { 'x-functions-key': 'canary-admin-key' } })
const activityOf = async (hours?: number) =>
  (await dataOf(hours)).json['activity'] as Record<string, unknown> & {
    totals: Record<string, number>
    stretches: Record<string, number>[]
    sweeps: Record<string, number>
    failures: Record<string, unknown>[]
  }
const activityTable = () =>
  new TableClient(broker.azurite.tableServiceUrl, 'activity', new ManagedIdentityCredential())
async function rows(): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  for await (const row of activityTable().listEntities()) found.push(row)
  return found
}
const rowsOf = async (minute: string) =>
  (await rows()).filter(({ rowKey }) => String(rowKey).startsWith(minute))
/** As a row names it. */
const thisMinute = () => new Date(Date.now()).toISOString().slice(0, 16)

test('the page is for anybody, stands alone, and its policy lets nothing else in', async () => {
  const { status, headers, text } = await broker.call('/status')
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  const hashOf = (tag: string) => {
    const [, content = ''] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(text) ?? []
    expect(content.length).toBeGreaterThan(1000)
    return createHash('sha256').update(content).digest('base64')
  }
  expect(headers.get('content-security-policy')).toBe(
    `default-src 'none'; script-src 'sha256-${hashOf('script')}'; style-src 'sha256-${hashOf('style')}'; ` +
      "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
      "require-trusted-types-for 'script'; trusted-types 'none'",
  )
  expect(text.match(/(?:src|href|action)="[^"]*"|url\([^)]*\)|https?:[^"'\s]*/g)?.toSorted()).toEqual([
    'href="data:,"',
    'http://www.w3.org/2000/svg',
  ])
})

test('requests, calls, refusals and sweeps are counted, with the remedy of what failed', async () => {
  await broker.requestToken(USER)
  await broker.requestToken(USER)
  await broker.requestToken({ ...USER, password: 'Never-Shown-Wrong' })
  await broker.requestToken({ client: 'nosuch' })
  broker.entra.fault = { kind: 'reset' }
  await broker.requestToken({ username: 'nobody@contoso.example', password: 'Never-Shown-2' })
  broker.entra.fault = undefined
  await broker.runTimer()
  clock.advance(3000)
  await broker.runTimer()
  const activity = await activityOf()
  const entraCalls = broker.entra.calls.length
  expect(activity).toMatchObject({
    hours: 1,
    stretch_minutes: 1,
    instances: 1,
    lost_minutes: 0,
    is_cut: false,
    last_tick: new Date(Date.now()).toISOString(),
    totals: { hits: 1, from_entra: 1, refused: 2, failed: 1 },
    actions: { 'retrieved new token': 1, 'returned existing token': 1 },
    sweeps: { ticks: 2, failed_ticks: 0, due: 1, refreshed: 1, failed: 0 },
  })
  expect(activity.totals['provider_calls']).toBe(4)
  expect(entraCalls).toBeGreaterThanOrEqual(4)
  expect(activity.failures.map(({ cause, aadsts, count }) => [cause, aadsts, count])).toEqual([
    ['invalid_credentials', 50126, 1],
    ['unknown_client', null, 1],
    ['temporarily_unavailable', null, 1],
  ])
  for (const { description, remedy, last_seen } of activity.failures) {
    expect([typeof description, typeof remedy]).toEqual(['string', 'string'])
    expect(last_seen).toBe(new Date(Date.now() - 3_000_000).toISOString())
  }
  expect(activity.stretches).toHaveLength(60)
  expect(activity.stretches.filter(({ hits }) => hits === 1)).toHaveLength(1)
  // The figures of the log are the same.
  const logged = [...broker.logged('token_request'), ...broker.logged('refresh_sweep')]
  const told = logged.map(({ providerCalls = 0 }) => Number(providerCalls))
  expect(told.reduce((sum, calls) => sum + calls)).toBe(4)
})

test('it is of all instances: another process sees what this one has written, and nobody counts twice', async () => {
  const minute = thisMinute()
  await broker.requestToken(USER)
  clock.advance(60)
  await broker.requestToken(USER)
  await eventually(async () => (await rowsOf(minute)).length === 1)
  await broker.restart()
  await broker.requestToken(USER)
  const { totals, instances } = await activityOf()
  // The second minute of the first process had not ended when it was stopped.
  expect([totals, instances]).toEqual([expect.objectContaining({ hits: 1, from_entra: 1 }), 2])
})

test('an instance writes one row a minute at most, however many requests there are', async () => {
  const minutes = [thisMinute()]
  for (let n = 0; n < 20; n++) await broker.requestToken(USER)
  clock.advance(60)
  minutes.push(thisMinute())
  for (let n = 0; n < 20; n++) await broker.requestToken(USER)
  await eventually(async () => (await rowsOf(minutes[0] ?? '')).length > 0)
  clock.advance(60)
  await broker.requestToken(USER)
  await eventually(async () => (await rowsOf(minutes[1] ?? '')).length > 0)
  const counts = await Promise.all(
    minutes.map(async (minute) =>
      (await rowsOf(minute)).map((row) => JSON.parse(String(row['counts'])).sources),
    ),
  )
  expect(counts).toEqual([[{ identity_provider: 1, memory: 19 }], [{ memory: 20 }]])
})

test('without the table requests go on as before, and the page says what is missing', async () => {
  await activityTable().deleteTable()
  try {
    for (let minute = 0; minute < 3; minute++) {
      const { json } = await broker.requestToken(USER)
      expect(Object.keys(json)).not.toContain('warnings')
      clock.advance(60)
    }
    const { status, json } = await dataOf()
    expect([status, json['activity']]).toEqual([
      200,
      {
        error: 'temporarily_unavailable',
        description: expect.any(String),
        remedy: expect.stringContaining('activity'),
      },
    ])
    expect(json['dependencies']).toContainEqual({ name: 'tables', state: 'ok' })
    expect(json['entries']).toMatchObject({ is_cut: false, unreadable: 0 })
    expect(broker.logged('operator_action').at(-1)).toMatchObject({
      action: 'status',
      status: 200,
      detail: 'RestError 404 TableNotFound',
    })
  } finally {
    await activityTable().createTable()
  }
  await broker.requestToken(USER)
  clock.advance(60)
  await broker.requestToken(USER)
  await eventually(async () => (await rows()).length > 0)
  expect((await activityOf())['lost_minutes']).toBeGreaterThanOrEqual(1)
})

test('entries are told by what is left of their tokens and by hash, never by name', async () => {
  await broker.requestToken(USER)
  const { json, text } = await dataOf()
  const entries = json['entries'] as Record<string, unknown> & { on_passwords: Record<string, unknown> }
  expect(entries['by_time_to_expiry']).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
  const shown = entries.on_passwords['shown'] as Record<string, unknown>[]
  expect(shown[0]).toEqual({
    user_hash: broker.logged('token_request').at(-1)?.['userHash'],
    client: 'default',
    last_used: expect.any(String),
    password_accepted_on: new Date(Date.now()).toISOString(),
  })
  expect(text).not.toMatch(/counted|contoso|Never-Shown|eyJ|canary/i)
})

test('what does not work is named, with what to do', async () => {
  await broker.restart({ TABLE_SERVICE_URL: 'https://127.0.0.1:1/devstoreaccount1', STORAGE_TIMEOUT: '1' })
  const { status, json } = await dataOf()
  expect([status, json['dependencies']]).toEqual([
    200,
    [
      { name: 'key_vault', state: 'ok' },
      { name: 'default_client', state: 'ok' },
      {
        name: 'tables',
        state: 'unavailable',
        remedy: expect.stringContaining('Storage Table Data Contributor'),
      },
      { name: 'queue', state: 'ok' },
    ],
  ])
  expect([json['entries'], json['activity']]).toEqual([
    expect.objectContaining({ description: 'The table tokencache could not be read.' }),
    expect.objectContaining({ description: 'The table activity could not be read.' }),
  ])
})

test('what is wrong although service goes on is said', async () => {
  broker.keyVault.setSecret('client-default', '{}')
  await broker.restart()
  const { json } = await dataOf()
  expect(json['problems']).toEqual([expect.stringContaining('client-default')])
})

test('the timer removes what is older than a day', async () => {
  const minute = thisMinute()
  await broker.requestToken(USER)
  clock.advance(60)
  await broker.requestToken(USER)
  await eventually(async () => (await rowsOf(minute)).length > 0)
  clock.advance(23 * 3600)
  await broker.runTimer()
  expect(await rowsOf(minute)).toHaveLength(1)
  clock.advance(2 * 3600)
  await broker.runTimer()
  expect(await rowsOf(minute)).toEqual([])
})

test.each(['0', '2', '-1', 'canary', 'constructor'])('hours=%s is 400, and echoes nothing', async (hours) => {
  const { status, json, text } = await broker.call(`/status/data?hours=${hours}`)
  expect([status, json['error'], text.includes('canary')]).toEqual([400, 'invalid_request', false])
})

test('each look is an audit line that names no key', async () => {
  await dataOf()
  expect(broker.logged('operator_action')).toEqual([
    expect.objectContaining({ action: 'status', status: 200, caller: expect.any(String) }),
  ])
  expect(JSON.stringify(broker.logs)).not.toContain('canary')
})

test('with the settings wrong it says so', async () => {
  await broker.restart({ REFRESH_THRESHOLD: 'much' })
  const { status, json } = await dataOf()
  expect([status, json['error']]).toEqual([500, 'misconfigured'])
})
