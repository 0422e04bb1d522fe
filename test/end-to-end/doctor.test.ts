import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createSecretSearch } from '../../local/demo/secret-search.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { onTestFinished } from '../support/on-test-finished.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker(() => ({ PUBLIC_URL: 'https://broker.contoso.example' }))
})
afterAll(() => broker.close())
beforeEach(async () => {
  await broker.reset()
  await broker.restart()
})

interface Line {
  readonly check: string
  readonly status: string
  readonly finding: string
  readonly aadsts?: number
  readonly detail?: string
  readonly remedy?: string
}

async function examine(): Promise<{ ok: unknown; lines: Line[] }> {
  const headers = { 'x-functions-key': 'canary-admin-key' }
  const { status, json, text } = await broker.call('/doctor', { headers })
  expect(status).toBe(200)
  const secretOf = (name: string) => broker.keyVault.currentValue(name) ?? ''
  const search = createSecretSearch({
    // Of a malformed key, nothing is a secret.
    key: ['token-cache-encryption-key', 'token-cache-index-key']
      .map(secretOf)
      .filter((key) => key.length > 20),
    admin: ['canary-admin-key'],
  })
  expect(search(Buffer.from(`${text}\n${broker.logs.join('\n')}`))).toEqual([])
  return { ok: json['ok'], lines: json['checks'] as Line[] }
}
const failing = async () => {
  const { ok, lines } = await examine()
  const failed = lines.filter(({ status }) => status === 'failed')
  expect(ok).toBe(failed.length === 0)
  // Each has a cure.
  expect(failed.filter(({ remedy }) => remedy === undefined)).toEqual([])
  return failed.map(({ check, finding, aadsts, detail }) => [check, finding, aadsts ?? detail])
}

test('against the embedded default all is well, with one sign-in, and an audit line', async () => {
  expect(await failing()).toEqual([])
  expect(broker.entra.calls.map(({ grantType }) => grantType)).toEqual(['password'])
  expect(broker.logged('operator_action')).toMatchObject([{ action: 'doctor', status: 200 }])
  expect(await failing()).toEqual([])
  expect(broker.entra.calls).toHaveLength(1)
  // It is nobody's refusal.
  expect((await broker.requestToken()).status).toBe(200)
})

test.each([
  [7000218, 'registration_refused'],
  [700016, 'registration_refused'],
  [90002, 'registration_refused'],
  [65001, 'registration_refused'],
])('AADSTS%i is told of the registration', async (code, finding) => {
  broker.entra.failWith = code
  expect(await failing()).toEqual([['registration', finding, code]])
})

test('an account that Entra ID judges is a registration that works', async () => {
  broker.entra.failWith = 50126
  expect(await failing()).toEqual([])
})

test('an authority whose port is closed is told by its constant', async () => {
  await broker.stopEntra()
  const failed = await failing()
  expect(failed).toEqual([['authority', 'unreachable', 'AuthorityFault ECONNREFUSED']])
})

test.each([
  [{ kind: 'html', status: 403 } as const, 'AuthorityFault status_403'],
  [{ kind: 'html', status: 502 } as const, 'AuthorityFault status_502'],
])('a page in place of the authority is told as that: %j', async (fault, detail) => {
  broker.entra.fault = fault
  expect(await failing()).toEqual([['authority', 'unreachable', detail]])
})

test('a proxy that wants a password is told apart', async () => {
  const proxy = await startConnectProxy()
  onTestFinished(() => proxy.close())
  proxy.refusal = 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'
  await broker.restart({ HTTPS_PROXY: proxy.url, NO_PROXY: 'vault.localhost' })
  expect(await failing()).toContainEqual(['authority', 'unreachable', 'AuthorityFault status_407'])
})

test('a name that does not resolve, and one whose certificate is not for it, are told apart', async () => {
  const profile = JSON.parse(broker.keyVault.currentValue('client-default') ?? '{}') as { authority: string }
  const withHost = (host: string) => {
    const authority = new URL(profile.authority)
    authority.hostname = host
    broker.keyVault.setSecret('client-default', JSON.stringify({ ...profile, authority: authority.href }))
  }
  withHost('no-such-host.invalid')
  await broker.restart()
  expect((await failing())[0]).toEqual([
    'authority',
    'unreachable',
    expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
  ])
  withHost('other.localhost')
  await broker.restart()
  expect((await failing())[0]).toEqual([
    'authority',
    'unreachable',
    'AuthorityFault ERR_TLS_CERT_ALTNAME_INVALID',
  ])
})

test.each([
  ['client-default', '{"tenantId": 5}'],
  ['token-cache-encryption-key', 'short'],
])('a malformed secret %s is told by name, though its older version still serves', async (name, value) => {
  broker.keyVault.setSecret(name, value)
  await broker.restart()
  const { lines } = await examine()
  const read = lines.filter(({ check }) => check === 'key_vault' || check === 'default_client')
  expect(read.map(({ status }) => status)).toEqual(['ok', 'ok'])
  const warnings = lines.filter(({ status }) => status === 'warning')
  expect(warnings).toEqual([
    expect.objectContaining({ check: 'settings', finding: 'problem', detail: expect.stringContaining(name) }),
  ])
})

test('a resource that the MFA mandate covers is told', async () => {
  const profile = JSON.parse(broker.keyVault.currentValue('client-default') ?? '{}') as Record<
    string,
    unknown
  >
  const { scopes: _, resource: __, ...rest } = profile
  const covered = { ...rest, resource: 'https://management.azure.com' }
  broker.keyVault.setSecret('client-default', JSON.stringify(covered))
  await broker.restart()
  const { lines } = await examine()
  const line = lines.find(({ check }) => check === 'resource')
  expect(line).toMatchObject({ status: 'warning', finding: 'needs_mfa' })
})

test('settings that cannot be read are told by name', async () => {
  await broker.restart({ KEY_VAULT_URL: 'nowhere', STORAGE_TIMEOUT: 'soon' })
  const failed = await failing()
  expect(failed.map(([check, finding]) => [check, finding])).toEqual([['settings', 'misconfigured']])
  expect(String(failed[0]?.[2])).toMatch(/KEY_VAULT_URL.*STORAGE_TIMEOUT/s)
})

test('tables that are gone are told, and the rest is told as well', async () => {
  await broker.restart({ TABLE_SERVICE_URL: 'https://127.0.0.1:9/devstoreaccount1', STORAGE_TIMEOUT: '1' })
  expect((await failing()).map(([check]) => check)).toEqual(['tables', 'connections', 'timer'])
})

test('the command sends its key to nobody else', async () => {
  const reached: string[] = []
  const elsewhere = createServer((request, response) => {
    reached.push(String(request.headers['x-functions-key']))
    response.end('{"ok":true,"checks":[]}')
  })
  const sender = createServer((_, response) => {
    response.writeHead(302, { location: `${addressOf(elsewhere)}/doctor` }).end()
  })
  onTestFinished(() => [elsewhere, sender].forEach((server) => server.close()))
  for (const server of [elsewhere, sender]) await once(server.listen(0, 'localhost'), 'listening')
  const run = (url: string) =>
    promisify(execFile)(process.execPath, ['scripts/doctor.ts', '--url', url], {
      env: { ...process.env, DOCTOR_KEY: 'canary-admin-key' },
    }).then(
      () => '0',
      ({ code, stderr }: { code: number; stderr: string }) => `${code} ${stderr.trim()}`,
    )
  expect(await run(addressOf(sender))).toMatch(/^1 localhost:\d+ cannot be reached, or sends elsewhere\.$/)
  expect(reached).toEqual([])
  expect(await run(addressOf(elsewhere))).toBe('1 That is no answer of the broker: the address is wrong.')
  expect(await run('http://broker.example')).toBe(
    '1 The master key is sent over https alone, or to localhost.',
  )
})

const addressOf = (server: Server) => `http://localhost:${(server.address() as AddressInfo).port}`

test.each([
  ['an option it does not know', ['--help']],
  ['an address without a scheme', ['--url', 'contoso.azurewebsites.net']],
  ['an address that npm took the option from', ['https://contoso.azurewebsites.net']],
])('the command answers %s with its usage, exit code 2', async (_, args) => {
  const command = promisify(execFile)(process.execPath, ['scripts/doctor.ts', ...args])
  await expect(command).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'Usage: npm run doctor [-- --url https://<app>.azurewebsites.net]\n',
  })
})

test('the command prints a line for each, and fails when one does', async () => {
  const run = async () => {
    const command = promisify(execFile)(process.execPath, ['scripts/doctor.ts', '--url', broker.url], {
      env: { ...process.env, DOCTOR_KEY: 'canary-admin-key' },
    })
    return command.then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )
  }
  const well = await run()
  expect(well.code).toBe(0)
  expect(well.stdout).toMatch(/^ok {9}key_vault/m)
  await broker.restart()
  broker.entra.failWith = 7000218
  const ill = await run()
  expect(ill.code).toBe(1)
  expect(ill.stdout).toMatch(/^failed {5}registration {4}registration_refused, AADSTS7000218/m)
  expect(ill.stdout).toMatch(/^ {27}Allow public client flows/m)
})

test('without --url the command looks with the settings of its environment', async () => {
  const command = ['--import', './local/server/loopback-names.ts', 'scripts/doctor.ts']
  const run = async (settings: Readonly<Record<string, string>> = {}) => {
    const env = { ...process.env, ...broker.defaults, ...settings }
    const { code, stdout } = await promisify(execFile)(process.execPath, command, { env }).then(
      (done) => ({ code: 0, ...done }),
      (failed: { code: number; stdout: string }) => failed,
    )
    return { code, lines: namesIn(stdout) }
  }
  expect(await run()).toEqual({
    code: 0,
    lines: [
      'ok key_vault',
      'ok default_client',
      'ok tables',
      'ok queue',
      'ok authority',
      'ok clock',
      'ok registration',
      'ok resource',
      'ok connections',
      'ok timer',
    ],
  })
  expect(await run({ KEY_VAULT_URL: 'nowhere' })).toEqual({ code: 1, lines: ['failed settings'] })
})

/** What the lines are about, and how it is. */
const namesIn = (stdout: string) =>
  [...stdout.matchAll(/^(\S+) +(\S+)/gm)].map(([, status, check]) => `${status} ${check}`)

test('an identity that gives no token is told on each line that needs it', async () => {
  await broker.restart({ IDENTITY_ENDPOINT: 'https://127.0.0.1:9/', STORAGE_TIMEOUT: '1' })
  const failed = await failing()
  expect(failed.map(([check]) => check)).toEqual(['key_vault', 'default_client', 'tables', 'queue', 'timer'])
  expect(failed.filter(([, , detail]) => !/Credential\w+Error/.test(String(detail)))).toEqual([])
})
