import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Fault } from '../../local/server/fault.ts'
import { startLoopbackServer } from '../../local/server/loopback-server.ts'
import { LIFETIME, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { onTestFinished } from '../support/on-test-finished.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

const clock = stopClock()
let broker: TestBroker
let gateway: StorageGateway
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
  clock.advance(2 * LIFETIME)
  await broker.restart()
  await broker.reset()
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

test('while connections to the identity provider are refused the valid token is served; afterwards it is refreshed', async () => {
  clock.advance(LIFETIME - 300)
  const startEntra = await broker.stopEntra()
  expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
  await startEntra()
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
    // The short limit is for the vault, too, which a busy machine may need some tries to reach.
    await eventually(async () => {
      clock.advance(31)
      const { checks } = (await broker.call('/ready')).json
      return /"key_vault":"ok","default_client":"ok"/.test(JSON.stringify(checks))
    })
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
    await broker.restart()
    expect((await broker.requestToken()).json).toMatchObject({ action: 'returned existing token' })
  })
})

test('when everything hangs the answer comes at the deadline, as 504', async () => {
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
  await eventually(async () => answer.status !== 504 || ((answer = await broker.requestToken()), false))
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
  onTestFinished(endpoint.stop)
  const url = `http://127.0.0.1:${endpoint.port}/msi/token`
  await broker.restart({ IDENTITY_ENDPOINT: url, STORAGE_TIMEOUT: '0.5' })
  const refused = await broker.requestToken()
  expect([refused.status, refused.json['error']]).toEqual([503, 'temporarily_unavailable'])
  expect((await broker.call('/ready')).json).toMatchObject({ checks: { key_vault: 'unavailable' } })
  isHanging = false
  // Within the short limit, a busy machine may need some tries.
  await eventually(async () => {
    clock.advance(31)
    return (await broker.requestToken()).status === 200
  })
})

test('who needs a longer life does not get the answer of one who does not, and the other way round', async () => {
  clock.advance(LIFETIME - 300)
  let open = () => {}
  broker.entra.fault = { kind: 'hold', until: new Promise<void>((resolve) => (open = resolve)) }
  const patient = [400, 0, 400, 0].map((seconds) => broker.requestToken({ min_valid_seconds: seconds }))
  await eventually(() => broker.entra.calls.length > 0)
  broker.entra.fault = { kind: 'status', status: 503 }
  await broker.stopEntra()
  open()
  const answers = await Promise.all(patient)
  expect(answers.map(({ status }) => status)).toEqual([503, 200, 503, 200])
})

test('with wrong settings every answer is misconfigured, and the log names each of them', async () => {
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
    {
      status: 'not ready',
      checks: { settings: 'misconfigured' },
      problems: [
        'App settings: KEY_VAULT_URL must be an https:// URL; TABLE_SERVICE_URL is missing; REFRESH_THRESHOLD must be a number of seconds',
      ],
    },
  ])
  expect((await broker.call('/health')).status).toBe(200)
  expect(JSON.stringify(broker.logs)).not.toContain(USERNAME)
})
