import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { loadOrCreateCertificateAuthority } from '../../local/server/certificate-authority.ts'
import { startLoopbackServer } from '../../local/server/loopback-server.ts'
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.ts'
import { onTestFinished } from '../support/on-test-finished.ts'
import { startProcesses, type BrokerChild, type Processes, type User } from '../support/processes.ts'

const users: User[] = Array.from({ length: 3 }, (_, number) => ({
  username: `user${number}@contoso.example`,
  password: `Password-of-${number}`,
}))
const [alice, bob, carol] = users as [User, User, User]

/** As the Azure SDKs read it: whole names, or a suffix that begins with a dot. */
const ALL_BUT_ENTRA = 'vault.localhost, 127.0.0.1'

let processes: Processes
let proxy: ConnectProxy
/** `host:port` of each outside system. */
let hosts: Record<'keyVault' | 'tables' | 'queues' | 'entra', string>
beforeAll(async () => {
  // The machine may be slow: no time limit may decide what happens here.
  const limits = { STORAGE_TIMEOUT: '10', IDENTITY_PROVIDER_TIMEOUT: '60', REQUEST_DEADLINE: '110' }
  processes = await startProcesses({ settings: limits })
  for (const user of users) processes.entra.setUser(user)
  proxy = await startConnectProxy()
  const hostOf = (url: string | undefined) => new URL(url ?? '').host
  hosts = {
    keyVault: hostOf(process.env['KEY_VAULT_URL']),
    tables: hostOf(process.env['TABLE_SERVICE_URL']),
    queues: hostOf(process.env['DataStorage__queueServiceUri']),
    entra: hostOf(processes.entra.authority()),
  }
})
afterAll(async () => {
  await processes.close()
  await proxy.close()
})
beforeEach(() => {
  proxy.refusal = undefined
  proxy.diverted.clear()
  for (const list of [proxy.tunnels, proxy.requests, processes.entra.calls]) list.length = 0
})

async function startBehindProxy(settings: Readonly<Record<string, string>> = {}): Promise<BrokerChild> {
  const broker = await processes.start({
    HTTPS_PROXY: proxy.url,
    HTTP_PROXY: proxy.url,
    ALL_PROXY: proxy.url,
    ...settings,
  })
  onTestFinished(broker.close)
  return broker
}

/** Uses all four systems: two users sign in, and the timer hands their entries out over the queue. */
async function useEverything(broker: BrokerChild): Promise<unknown[]> {
  const answers = [await broker.requestToken(alice), await broker.requestToken(bob)]
  await processes.advance(3_200)
  await broker.tick()
  return answers.map(({ status, json }) => [status, json['action'], json['warnings']])
}

const lastLine = ({ lines }: BrokerChild) =>
  JSON.parse(lines.findLast((line) => line.includes('"token_request"')) ?? '{}') as Record<string, unknown>

test('with HTTPS_PROXY all four systems are reached through the proxy, and the managed-identity endpoint is not', async () => {
  const broker = await startBehindProxy({ REFRESH_FANOUT_ABOVE: '1' })
  expect(await useEverything(broker)).toEqual([
    [200, 'retrieved new token', undefined],
    [200, 'retrieved new token', undefined],
  ])
  expect([...new Set(proxy.tunnels)].toSorted()).toEqual(Object.values(hosts).toSorted())
  expect(proxy.requests).toEqual([])
})

test("Node.js' own switch for proxies changes none of that", async () => {
  const broker = await startBehindProxy({ NODE_USE_ENV_PROXY: '1', REFRESH_FANOUT_ABOVE: '1' })
  await useEverything(broker)
  expect([...new Set(proxy.tunnels)].toSorted()).toEqual(Object.values(hosts).toSorted())
  expect(proxy.requests).toEqual([])
})

test('a host of NO_PROXY is reached directly', async () => {
  const broker = await startBehindProxy({ NO_PROXY: ALL_BUT_ENTRA })
  expect((await broker.requestToken(carol)).status).toBe(200)
  expect(new Set(proxy.tunnels)).toEqual(new Set([hosts.entra]))
})

test('behind a proxy as well, nobody but Entra ID is sent a password: its certificate is verified through the tunnel', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'impostor-'))
  const received: string[] = []
  const impostor = await startLoopbackServer({
    tls: await loadOrCreateCertificateAuthority(folder),
    handle: async (_, body) => void received.push(body.toString()),
  })
  onTestFinished(async () => {
    await impostor.stop()
    await rm(folder, { recursive: true })
  })
  proxy.diverted.set(hosts.entra, impostor.port)
  const broker = await startBehindProxy()
  const { status, json } = await broker.requestToken({ ...carol, username: 'new@contoso.example' })
  expect([status, json['error']]).toEqual([503, 'temporarily_unavailable'])
  expect(lastLine(broker)).toMatchObject({ detail: 'password unreachable UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  expect(received).toEqual([])
})

test.each([
  [
    'wants credentials',
    '407 Proxy Authentication Required',
    500,
    'misconfigured',
    'password invalid_answer 407',
  ],
  ['forbids the host', '403 Forbidden', 500, 'misconfigured', 'password invalid_answer 403'],
  ['cannot reach the host', '502 Bad Gateway', 503, 'temporarily_unavailable', 'password invalid_answer 502'],
  ['hangs up', undefined, 503, 'temporarily_unavailable', 'password unreachable REQUEST_SEND_ERROR'],
])('a proxy that %s is named by the log', async (_, statusLine, status, error, detail) => {
  proxy.refusal =
    statusLine === undefined
      ? ''
      : `HTTP/1.1 ${statusLine}\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n<p>no</p>`
  const broker = await startBehindProxy({ NO_PROXY: ALL_BUT_ENTRA })
  const answer = await broker.requestToken({
    ...carol,
    username: `${detail.replaceAll(' ', '.')}@contoso.example`,
  })
  expect([answer.status, answer.json['error'], answer.json['retryable']]).toEqual([
    status,
    error,
    status === 503,
  ])
  expect(lastLine(broker)).toMatchObject({ detail })
  expect(processes.entra.calls).toEqual([])
})

test('a proxy that is not there is answered 503, and counts no password as sent', async () => {
  const broker = await startBehindProxy({ HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: ALL_BUT_ENTRA })
  expect((await broker.requestToken({ ...carol, username: 'nobody@contoso.example' })).status).toBe(503)
  expect(lastLine(broker)).toMatchObject({ detail: 'password unreachable ECONNREFUSED' })
})

test.each(['proxy.contoso.example:8080', '127.0.0.1:8080', 'socks5://127.0.0.1:1080', 'http://'])(
  'HTTPS_PROXY=%s is named by the log',
  async (value) => {
    const broker = await startBehindProxy({ HTTPS_PROXY: value })
    const { status, json } = await broker.requestToken(carol)
    expect([status, json['error']]).toEqual([500, 'misconfigured'])
    expect(lastLine(broker)).toMatchObject({ detail: 'App settings: HTTPS_PROXY must be an http:// URL' })
  },
)
