import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { loadOrCreateCertificateAuthority } from '../../local/server/certificate-authority.ts'
import type { Fault } from '../../local/server/fault.ts'
import { startLoopbackServer } from '../../local/server/loopback-server.ts'
import { compose } from '../../src/composition.ts'
import { readSettings } from '../../src/settings.ts'
import { LIFETIME, PASSWORD, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { onTestFinished } from '../support/on-test-finished.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

const clock = stopClock()
const MINUTE = 60
let broker: TestBroker
let gateway: StorageGateway
beforeAll(async () => {
  broker = await startBroker(async ({ tls, azurite }) => {
    gateway = await startStorageGateway(tls, azurite.tableServiceUrl)
    return { TABLE_SERVICE_URL: gateway.url, IDLE_EVICTION: '14400' }
  })
})
afterAll(async () => {
  await broker.close()
  await gateway.close()
})
beforeEach(async () => {
  await empty('tokencache')
  await empty('refreshdue')
  clock.advance(86_400)
  await broker.restart()
  await broker.reset()
  gateway.reset()
  for (let n = 0; n < 30; n++) broker.entra.setUser(userOf(n))
})

const tableOf = (name: string) =>
  new TableClient(broker.azurite.tableServiceUrl, name, new ManagedIdentityCredential())
const userOf = (n: number) => ({ username: `sweep${n}@contoso.example`, password: `Sweep-${n}` })

async function rowsOf(name: string): Promise<string[]> {
  const rows: string[] = []
  for await (const { partitionKey = '', rowKey = '' } of tableOf(name).listEntities()) {
    rows.push(`${partitionKey} ${rowKey}`)
  }
  return rows
}
async function empty(name: string): Promise<void> {
  const table = tableOf(name)
  for (const row of await rowsOf(name)) {
    const [partitionKey = '', rowKey = ''] = row.split(' ')
    await table.deleteEntity(partitionKey, rowKey)
  }
}
function forget(): void {
  broker.entra.calls.length = 0
  broker.logs.length = 0
  gateway.calls.length = 0
}
const grants = (grantType: string) => broker.entra.calls.filter((call) => call.grantType === grantType).length
const lastSweep = () => broker.logged('refresh_sweep').at(-1) ?? {}

/** Makes entries for users 0 to count - 1, and goes on until they are due. */
async function entriesDue(count: number): Promise<void> {
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => broker.requestToken(userOf(n))))
  expect(answers.filter(({ status, json }) => status !== 200 || json['warnings'])).toEqual([])
  clock.advance(LIFETIME - 600)
  forget()
}

test('who asks every second for six hours waits for the identity provider once, and never gets less than the threshold', async () => {
  const settings = readSettings({ ...broker.defaults, REFRESH_THRESHOLD: '600' })
  const { requestToken, refreshTokens } = compose(settings, {
    now: () => Date.now(),
    elapsed: () => performance.now(),
  })
  const request = {
    username: USERNAME,
    password: PASSWORD,
    client: 'default',
    minValidInMs: 0,
    correlationId: '',
  }
  const sources: Record<string, number> = {}
  let shortestLifeInMs = Number.POSITIVE_INFINITY
  for (let second = 0; second < 6 * 3600; second++) {
    if (second % 60 === 0) {
      await refreshTokens.tick({
        periodInMs: 60_000,
        timeLimitInMs: 240_000,
        correlationId: '00000000-0000-4000-8000-000000000000',
      })
    }
    const { source, token } = await requestToken.tokenSource(request)
    sources[source] = (sources[source] ?? 0) + 1
    shortestLifeInMs = Math.min(shortestLifeInMs, token.expiresOnTimestamp - Date.now())
    clock.advance(1)
  }
  expect(sources['identity_provider']).toBe(1)
  expect(shortestLifeInMs).toBeGreaterThan(600_000)
  expect(sources['memory']).toBeGreaterThan(21_000)
  // A token lasts 3599 s and is refreshed up to 720 s before its end.
  expect([grants('password'), grants('refresh_token')]).toEqual([1, 7])
})

test('a tick refreshes what comes due before the next two ticks, and nothing else', async () => {
  await Promise.all([0, 1, 2].map((n) => broker.requestToken(userOf(n))))
  clock.advance(LIFETIME - 600 - 2 * MINUTE)
  forget()
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 0, refreshed: 0 })
  clock.advance(1)
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 3, refreshed: 3, failed: {}, left: 0, dropped: 0, passed: 0 })
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 0, refreshed: 0 })
  expect([grants('refresh_token'), grants('password')]).toEqual([3, 0])
  expect((await broker.requestToken(userOf(0))).json).toMatchObject({ action: 'returned existing token' })
  expect(await rowsOf('refreshdue')).toHaveLength(3)
})

describe('a hint is no truth', () => {
  test('one without an entry is cleaned up', async () => {
    await entriesDue(2)
    await empty('tokencache')
    await broker.runTimer()
    expect(lastSweep()).toMatchObject({ due: 2, dropped: 2, refreshed: 0 })
    expect(await rowsOf('refreshdue')).toEqual([])
    expect(broker.entra.calls).toEqual([])
  })

  test('one of an entry that is not due is replaced by one that fits', async () => {
    await entriesDue(1)
    // The request refreshes; the old hint stays behind.
    expect((await broker.requestToken(userOf(0))).json).toMatchObject({ action: 'refreshed existing token' })
    expect(await rowsOf('refreshdue')).toHaveLength(2)
    await broker.runTimer()
    expect(lastSweep()).toMatchObject({ due: 1, passed: 1, refreshed: 0 })
    expect(await rowsOf('refreshdue')).toHaveLength(1)
    expect(grants('refresh_token')).toBe(1)
  })

  test('an entry that lost its hint is found again when it is next asked for', async () => {
    await broker.requestToken(userOf(0))
    await empty('refreshdue')
    await broker.restart()
    await broker.requestToken(userOf(0))
    clock.advance(LIFETIME - 600)
    await broker.runTimer()
    expect(lastSweep()).toMatchObject({ due: 1, refreshed: 1 })
  })
})

/** Begins a tick and holds the provider's answers; resolves when so many calls are under way. */
async function tickHeldAt(calls: number): Promise<() => Promise<void>> {
  let open = () => {}
  broker.entra.fault = { kind: 'hold', until: new Promise<void>((resolve) => (open = resolve)) }
  const running = broker.runTimer()
  await eventually(() => broker.entra.calls.length >= calls)
  return async () => {
    open()
    await running
  }
}

test('no more entries are refreshed at once than REFRESH_CONCURRENCY', async () => {
  await broker.restart({ REFRESH_CONCURRENCY: '4' })
  await entriesDue(12)
  const finish = await tickHeldAt(4)
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
  expect(broker.entra.calls).toHaveLength(4)
  await finish()
  expect(lastSweep()).toMatchObject({ refreshed: 12 })
})

test('when three quarters of the period are over nothing more is begun, and the next tick goes on', async () => {
  await broker.restart({ REFRESH_CONCURRENCY: '4' })
  await entriesDue(12)
  const finish = await tickHeldAt(4)
  clock.advance(45)
  await finish()
  expect(lastSweep()).toMatchObject({ due: 12, refreshed: 4, left: 8 })
  clock.advance(15)
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 8, refreshed: 8, left: 0 })
})

test('Retry-After is obeyed by the timer and by requests', async () => {
  await broker.restart({ REFRESH_CONCURRENCY: '1' })
  await entriesDue(6)
  broker.entra.fault = { kind: 'status', status: 429, retryAfterInSeconds: 90 }
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ refreshed: 0, failed: { temporarily_unavailable: 3, held_back: 3 } })
  broker.entra.fault = undefined
  clock.advance(89)
  forget()
  await broker.runTimer()
  const refused = await broker.requestToken({ username: USERNAME, password: PASSWORD })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(broker.entra.calls).toEqual([])
  clock.advance(MINUTE)
  await broker.runTimer()
  await broker.runTimer()
  expect(grants('refresh_token')).toBeGreaterThanOrEqual(5)
})

test('an entry that fails is tried ever more rarely, and never starves the others', async () => {
  await entriesDue(8)
  broker.entra.setUser({ ...userOf(0), failWith: 50076 })
  const poisonCalls = () =>
    broker.entra.calls.filter(({ username }) => username === userOf(0).username).length
  for (let minute = 0; minute < 120; minute++) {
    await broker.runTimer()
    clock.advance(MINUTE)
  }
  // 1, 2, 4, 8, 16, 32, 60 minutes, each less up to half: ten tries at the most in two hours.
  expect(poisonCalls()).toBeGreaterThanOrEqual(5)
  expect(poisonCalls()).toBeLessThanOrEqual(12)
  // 120 minutes are two to three lives of the other seven.
  expect(grants('refresh_token') - poisonCalls()).toBeGreaterThanOrEqual(14)
})

test('a row that cannot be opened costs its hint, not the sweep', async () => {
  await entriesDue(4)
  const [row = ''] = await rowsOf('tokencache')
  const [partitionKey = '', rowKey = ''] = row.split(' ')
  await tableOf('tokencache').updateEntity({ partitionKey, rowKey, Sealed0: Buffer.from('garbage') }, 'Merge')
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 4, refreshed: 3, dropped: 1 })
})

test.each([50173, 700082, 70043, 50132])(
  'a grant that is dead (AADSTS%i) is dropped; the next request uses the password',
  async (code) => {
    await entriesDue(2)
    broker.entra.revokeRefreshTokens(userOf(0).username, code)
    await broker.runTimer()
    expect(lastSweep()).toMatchObject({ due: 2, refreshed: 1, dropped: 1 })
    expect(await rowsOf('tokencache')).toHaveLength(1)
    await broker.restart()
    expect((await broker.requestToken(userOf(0))).json).toMatchObject({ action: 'retrieved new token' })
  },
)

test('use is noted at most once an hour, and who is not used for IDLE_EVICTION is deleted, hint included', async () => {
  const HOURS = 4
  await broker.requestToken(userOf(0))
  await broker.requestToken(userOf(1))
  const marks = () =>
    gateway.calls.filter((call) => call.startsWith('PATCH') && call.includes('tokencache')).length
  forget()
  // The timer keeps both fresh and takes its leases by the same kind of write.
  let leases = 0
  for (let minute = 0; minute < HOURS * 60 + 5; minute++) {
    const before = marks()
    await broker.runTimer()
    leases += marks() - before
    // Every six minutes, so that memory has forgotten.
    if (minute % 6 === 0) expect((await broker.requestToken(userOf(0))).status).toBe(200)
    clock.advance(MINUTE)
  }
  expect(marks() - leases).toBe(HOURS)
  for (let minute = 0; minute < 60; minute++) {
    await broker.runTimer()
    clock.advance(MINUTE)
  }
  // All hints are of the entry that is left; those that it has outlived go when their time comes.
  const [left = '', ...others] = await rowsOf('tokencache')
  expect(others).toEqual([])
  const owners = (await rowsOf('refreshdue')).map((row) => row.slice(-43))
  expect(new Set(owners)).toEqual(new Set([left.slice(0, 43)]))
  expect(broker.logged('refresh_sweep').reduce((sum, { dropped }) => sum + Number(dropped), 0)).toBe(1)
})

test('a tick that cannot read the index says so and harms nothing; the next one goes on', async () => {
  await entriesDue(2)
  gateway.fault = { kind: 'status', status: 503, body: { 'odata.error': { code: 'ServerBusy' } } }
  await broker.runTimer()
  expect(broker.logged('refresh_sweep_failed')).toEqual([
    expect.objectContaining({ detail: expect.stringMatching(/^RestError 503/) }),
  ])
  gateway.fault = undefined
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 2, refreshed: 2 })
})

test('while the table takes no writes, a tick refreshes nothing: the tokens would be lost', async () => {
  await entriesDue(3)
  Object.assign(gateway, { fault: { kind: 'status', status: 500 }, isReadable: true })
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ refreshed: 0, failed: { 'RestError 500': 3 } })
  expect(broker.entra.calls).toEqual([])
  gateway.fault = undefined
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ refreshed: 3 })
})

test('what nobody uses goes even when its profile is broken', async () => {
  await entriesDue(2)
  broker.keyVault.setSecret('client-default', '{}')
  clock.advance(14_400)
  await broker.runTimer()
  expect(lastSweep()).toMatchObject({ due: 2, dropped: 2, failed: {} })
  expect(await rowsOf('tokencache')).toEqual([])
})

/** Faults of every kind. Each returns what ends it. */
const outages: [string, () => Promise<() => Promise<void>>][] = [
  ['503', () => faulty({ kind: 'status', status: 503 })],
  ['no answer', () => faulty({ kind: 'hang' })],
  ['a page of HTML', () => faulty({ kind: 'html', status: 200 })],
  ['a connection that ends', () => faulty({ kind: 'reset' })],
  [
    'connection refused',
    async () => {
      return await broker.stopEntra()
    },
  ],
  [
    'a certificate that nobody trusts',
    async () => {
      const startEntra = await broker.stopEntra()
      const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
      const impostor = await startLoopbackServer({
        tls: await loadOrCreateCertificateAuthority(folder),
        port: Number(new URL(broker.entra.authority()).port),
        handle: async (_, __, response) => void response.end('{}'),
      })
      onTestFinished(async () => {
        await impostor.stop()
        await rm(folder, { recursive: true })
      })
      return async () => {
        await impostor.stop()
        await startEntra()
      }
    },
  ],
]
async function faulty(fault: Fault): Promise<() => Promise<void>> {
  broker.entra.fault = fault
  return async () => {
    broker.entra.fault = undefined
  }
}

test.each(outages)(
  'in an hour of %s valid tokens are served and calls are few; recovery is no stampede',
  async (name, begin) => {
    const USERS = 20
    const STEP = 5 * MINUTE
    await entriesDue(USERS)
    await broker.restart({
      REFRESH_SCHEDULE: '0 */5 * * * *',
      ...(name === 'no answer' && { IDENTITY_PROVIDER_TIMEOUT: '1' }),
    })
    const end = await begin()
    for (let second = 0; second < 3600; second += STEP) {
      await broker.runTimer()
      const answers = await Promise.all([1, 2, 3, 4].map((n) => broker.requestToken(userOf(n))))
      for (const { status, json } of answers) {
        // The tokens had 600 s left.
        expect(status).toBe(second < 600 ? 200 : 503)
        if (second < 600) expect(json['warnings']).toEqual([expect.stringMatching(/^identity_provider_unav/)])
      }
      clock.advance(STEP)
    }
    expect(broker.entra.calls.length).toBeLessThan(12 * 20)
    await end()
    forget()
    const callsPerTick: number[] = []
    for (let second = 0; second <= 3600; second += STEP) {
      const before = broker.entra.calls.length
      await broker.runTimer()
      callsPerTick.push(broker.entra.calls.length - before)
      clock.advance(STEP)
    }
    await broker.restart()
    expect(new Set(broker.entra.calls.map(({ username }) => username)).size).toBe(USERS)
    // Each entry once; with what was tried during the outage, never more at once than there are entries.
    expect(Math.max(...callsPerTick)).toBeLessThanOrEqual(USERS)
    expect((await broker.requestToken(userOf(3))).json).not.toHaveProperty('warnings')
  },
)
