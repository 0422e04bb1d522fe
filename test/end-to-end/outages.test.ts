import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Fault } from '../../local/server/fault.ts'
import { startLoopbackServer } from '../../local/server/loopback-server.ts'
import { startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

const clock = stopClock()
const LIFETIME = 3599
/** A busy machine must not look like an outage; only where nothing answers at all is waiting cut short. */
const PATIENT = { IDENTITY_PROVIDER_TIMEOUT: '20', STORAGE_TIMEOUT: '20', REQUEST_DEADLINE: '60' }
let broker: TestBroker
let gateway: StorageGateway
beforeAll(async () => {
  broker = await startBroker(PATIENT)
  gateway = await startStorageGateway(broker.tls, broker.azurite.tableServiceUrl)
  await broker.restart({ TABLE_SERVICE_URL: gateway.tableServiceUrl })
})
afterAll(async () => {
  await broker.close()
  await gateway.close()
})
beforeEach(async () => {
  gateway.fault = undefined
  broker.entra.fault = undefined
  await broker.restart(PATIENT)
  clock.advance(2 * LIFETIME)
  expect((await broker.requestToken()).status).toBe(200)
  broker.entra.calls.length = 0
})

test('an acquisition writes its entry once; who is served from the table writes none', async () => {
  const entryWrites = () => gateway.calls.filter((call) => /^(POST|PUT|PATCH|DELETE) .*tokencache/.test(call))
  clock.advance(2 * LIFETIME)
  gateway.calls.length = 0
  expect((await broker.requestToken()).json['action']).toBe('retrieved new token to replace expired token')
  expect(entryWrites()).toEqual([expect.stringMatching(/^PUT /)])
  await broker.restart()
  gateway.calls.length = 0
  expect((await broker.requestToken()).json['action']).toBe('returned existing token')
  expect(entryWrites()).toEqual([])
  expect(gateway.calls.filter((call) => call.startsWith('GET'))).toHaveLength(1)
})

const providerFaults: [string, Fault][] = [
  ['503', { kind: 'status', status: 503 }],
  ['429 with Retry-After', { kind: 'status', status: 429, retryAfterInSeconds: 30 }],
  ['no answer', { kind: 'hang' }],
  ['a connection that ends', { kind: 'reset' }],
  ['a page of HTML', { kind: 'html', status: 200 }],
]

describe.each(providerFaults)('while the identity provider answers with %s', (_, fault) => {
  test('a token that is still valid is served with a warning, and nothing else', async () => {
    clock.advance(LIFETIME - 300)
    if (fault.kind === 'hang') await broker.restart({ IDENTITY_PROVIDER_TIMEOUT: '0.2' })
    broker.entra.fault = fault
    const served = await broker.requestToken()
    expect(served.status).toBe(200)
    expect(served.json).toMatchObject({
      action: 'returned existing token',
      expires_in: 300,
      warnings: [
        'identity_provider_unavailable: Entra ID gives no new token for the time being. This one is still valid.',
      ],
    })
    expect((await broker.requestToken({ min_valid_seconds: 400 })).status).toBe(503)
    expect((await broker.requestToken({ password: 'wrong' })).status).toBe(503)
    clock.advance(300)
    expect((await broker.requestToken()).status).toBe(503)
  })
})

test('connection refused: the valid token is served; afterwards it is refreshed', async () => {
  clock.advance(LIFETIME - 300)
  await broker.entra.stop()
  expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
  await broker.entra.start()
  expect((await broker.requestToken()).json).toMatchObject({ action: 'refreshed existing token' })
})

const tableFaults: [string, Fault][] = [
  ['503 ServerBusy', { kind: 'status', status: 503, body: { 'odata.error': { code: 'ServerBusy' } } }],
  [
    '403',
    { kind: 'status', status: 403, body: { 'odata.error': { code: 'AuthorizationPermissionMismatch' } } },
  ],
  ['500 without a body', { kind: 'status', status: 500 }],
  ['no answer', { kind: 'hang' }],
  ['a connection that ends', { kind: 'reset' }],
]

describe.each(tableFaults)('while the tables answer with %s', (_, fault) => {
  test('memory serves, a new user gets a token with a warning, and recovery needs nothing', async () => {
    gateway.fault = fault
    expect((await broker.requestToken()).json).not.toHaveProperty('warnings')
    await broker.restart(fault.kind === 'hang' ? { STORAGE_TIMEOUT: '0.5' } : {})
    const { status, json } = await broker.requestToken()
    expect(status).toBe(200)
    expect(json).toMatchObject({
      action: 'retrieved new token',
      warnings: [
        expect.stringMatching(/^token_store_unavailable: /),
        expect.stringMatching(/^refusals_not_shared: /),
        expect.stringMatching(/^token_not_stored: /),
      ],
    })
    expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
    const line = broker.logged('token_request').findLast(({ warnings }) => warnings !== undefined)
    expect(line?.['warnings']).toEqual([
      expect.stringMatching(/^token_store_unavailable \(\w+/),
      'refusals_not_shared',
      expect.stringMatching(/^token_not_stored \(\w+/),
    ])
    gateway.fault = undefined
    await broker.restart(PATIENT)
    expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
  })
})

test('everything hangs: the answer comes at the deadline, as 504', async () => {
  await broker.restart({ REQUEST_DEADLINE: '0.1' })
  clock.advance(LIFETIME)
  broker.entra.fault = { kind: 'hang' }
  gateway.fault = { kind: 'hang' }
  const answer = await broker.requestToken()
  expect(answer.status).toBe(504)
  expect(answer.json).toMatchObject({ error: 'deadline_exceeded', retryable: true })
})

test('work goes on after the deadline: the next request has its token', async () => {
  await broker.restart({ REQUEST_DEADLINE: '0.1' })
  clock.advance(LIFETIME)
  let open = () => {}
  broker.entra.fault = { kind: 'hold', until: new Promise<void>((resolve) => (open = resolve)) }
  expect((await broker.requestToken()).status).toBe(504)
  open()
  broker.entra.fault = undefined
  let answer = await broker.requestToken()
  while (answer.status === 504) answer = await broker.requestToken()
  expect(answer.status).toBe(200)
  expect(broker.entra.calls).toHaveLength(1)
})

test('a managed-identity endpoint that hangs costs its time limit, and recovery needs nothing', async () => {
  const { IDENTITY_ENDPOINT = '' } = broker.defaults
  let isHanging = true
  const endpoint = await startLoopbackServer({
    handle: async (request, _, response) => {
      if (isHanging) return
      const { search } = new URL(request.url ?? '', IDENTITY_ENDPOINT)
      const headers = { 'X-IDENTITY-HEADER': String(request.headers['x-identity-header']) }
      const answer = await fetch(`${IDENTITY_ENDPOINT}${search}`, { headers })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    },
  })
  const url = `http://127.0.0.1:${endpoint.port}/msi/token`
  await broker.restart({ IDENTITY_ENDPOINT: url, STORAGE_TIMEOUT: '0.5' })
  const refused = await broker.requestToken()
  expect([refused.status, refused.json['error']]).toEqual([503, 'temporarily_unavailable'])
  expect((await broker.call('/ready')).json).toMatchObject({ checks: { key_vault: 'unavailable' } })
  isHanging = false
  clock.advance(31)
  expect((await broker.requestToken()).status).toBe(200)
  await broker.restart({ IDENTITY_ENDPOINT })
  await endpoint.stop()
})

test('who needs a longer life does not get the answer of one who does not, and the other way round', async () => {
  clock.advance(LIFETIME - 300)
  let open = () => {}
  broker.entra.fault = { kind: 'hold', until: new Promise<void>((resolve) => (open = resolve)) }
  const patient = [400, 0, 400, 0].map((seconds) => broker.requestToken({ min_valid_seconds: seconds }))
  while (broker.entra.calls.length === 0) await new Promise(setImmediate)
  broker.entra.fault = { kind: 'status', status: 503 }
  await broker.entra.stop()
  open()
  const answers = await Promise.all(patient)
  await broker.entra.start()
  expect(answers.map(({ status }) => status)).toEqual([503, 200, 503, 200])
})

test('wrong settings: every answer is misconfigured, and the log names each of them', async () => {
  await broker.restart({ KEY_VAULT_URL: 'http://vault', REFRESH_THRESHOLD: 'soon', TABLE_SERVICE_URL: '' })
  const answer = await broker.requestToken()
  expect(answer.status).toBe(500)
  expect(answer.json).toMatchObject({ error: 'misconfigured', retryable: false })
  expect(broker.logged('token_request').at(-1)).toMatchObject({
    detail:
      'App settings: KEY_VAULT_URL must be an https:// URL; TABLE_SERVICE_URL is missing; REFRESH_THRESHOLD must be a number of seconds',
  })
  const ready = await broker.call('/ready')
  expect([ready.status, ready.json]).toEqual([
    503,
    { status: 'not ready', checks: { settings: 'misconfigured' } },
  ])
  expect((await broker.call('/health')).status).toBe(200)
  const { KEY_VAULT_URL, REFRESH_THRESHOLD, TABLE_SERVICE_URL } = broker.defaults
  await broker.restart({
    KEY_VAULT_URL: KEY_VAULT_URL ?? '',
    REFRESH_THRESHOLD: REFRESH_THRESHOLD ?? '600',
    TABLE_SERVICE_URL: TABLE_SERVICE_URL ?? '',
  })
  expect(JSON.stringify(broker.logs)).not.toContain(USERNAME)
})
