import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AuthenticationResult,
  type NodeAuthOptions,
} from '@azure/msal-node'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { generate } from 'selfsigned'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from '../../local/server/certificate-authority.ts'
import { contosoTenantId } from '../../local/entra/applications.ts'
import { startEntraEmulator, type EntraEmulator } from '../../local/entra/entra-emulator.ts'
import { trust } from '../support/trust.ts'

const clientId = 'a5f3e6c0-1111-4000-8000-000000000001'
const scopes = ['https://contoso.crm.dynamics.com/.default']
const ada = { username: 'Ada@contoso.example', password: 'Correct-Horse-1' }
const start = Date.now()

let folder: string
let tls: CertificateAuthority
let entra: EntraEmulator
let now = start

const launch = (): Promise<EntraEmulator> =>
  startEntraEmulator({ tls, now: () => now, stateFile: join(folder, 'entra.json') })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entra-test-'))
  tls = await loadOrCreateCertificateAuthority(join(folder, 'tls'))
  trust(tls)
  entra = await launch()
  entra.setApplication({ clientId, publicClientFlows: true })
})

beforeEach(() => {
  now = start
  entra.fault = undefined
  entra.failWith = undefined
  entra.setUser(ada)
})

afterAll(async () => {
  await entra.close()
  await rm(folder, { recursive: true })
})

const authOf = (emulator: EntraEmulator, more: Partial<NodeAuthOptions> = {}): NodeAuthOptions => ({
  clientId,
  authority: emulator.authority(),
  knownAuthorities: [new URL(emulator.authority()).host],
  ...more,
})

const application = (more: Partial<NodeAuthOptions> = {}): PublicClientApplication =>
  new PublicClientApplication({ auth: authOf(entra, more) })

const signIn = (
  { username, password } = ada,
  app: PublicClientApplication | ConfidentialClientApplication = application(),
): Promise<AuthenticationResult | null> => app.acquireTokenByUsernamePassword({ username, password, scopes })

async function tokenRequest(form: Record<string, string>, authority = entra.authority()): Promise<Response> {
  return await fetch(`${authority}/oauth2/v2.0/token`, { method: 'POST', body: new URLSearchParams(form) })
}

const codeOf = async (form: Record<string, string>, authority?: string): Promise<unknown> =>
  ((await (await tokenRequest(form, authority)).json()) as { error_codes: number[] }).error_codes[0]

const passwordForm = {
  grant_type: 'password',
  client_id: clientId,
  scope: `${scopes[0]} offline_access`,
  ...ada,
}

const refreshTokenOf = async (form: Record<string, string> = passwordForm): Promise<string> =>
  ((await (await tokenRequest(form)).json()) as { refresh_token: string }).refresh_token

const refreshForm = (refreshToken: string, more: Record<string, string> = {}): Record<string, string> => ({
  grant_type: 'refresh_token',
  client_id: clientId,
  scope: `${scopes[0]} offline_access`,
  refresh_token: refreshToken,
  ...more,
})

test('msal-node signs in with a password and refreshes; the tokens verify against the published keys', async () => {
  const app = application()
  entra.calls.length = 0
  const first = await signIn({ ...ada, username: 'ada@CONTOSO.example' }, app)
  const account = first?.account
  if (!account) throw new Error('no account')
  const second = await app.acquireTokenSilent({ account, scopes, forceRefresh: true })
  expect(second.accessToken).not.toBe(first.accessToken)
  expect(entra.calls.map(({ grantType, username }) => [grantType, username])).toEqual([
    ['password', 'ada@CONTOSO.example'],
    ['refresh_token', 'Ada@contoso.example'],
  ])

  const discovery = await fetch(`${entra.authority()}/v2.0/.well-known/openid-configuration`)
  const { issuer, jwks_uri: jwksUri } = (await discovery.json()) as { issuer: string; jwks_uri: string }
  const { payload } = await jwtVerify(second.accessToken, createRemoteJWKSet(new URL(jwksUri)), { issuer })
  expect(payload).toMatchObject({
    aud: 'https://contoso.crm.dynamics.com',
    tid: contosoTenantId,
    upn: 'Ada@contoso.example',
    appid: clientId,
    scp: 'user_impersonation',
    exp: Math.floor(start / 1000) + 3599,
  })
  expect(await entra.verifyAccessToken(second.accessToken)).toEqual(payload)
})

test('a wrong password and an unknown user', async () => {
  await expect(signIn({ ...ada, password: 'wrong' })).rejects.toMatchObject({
    errorCode: 'invalid_grant',
    errorNo: 50126,
  })
  const response = await tokenRequest({ ...passwordForm, username: 'nobody@contoso.example' })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({
    error: 'invalid_grant',
    suberror: 'bad_token',
    error_codes: [50034],
    error_description: expect.stringMatching(
      /^AADSTS50034: The user account nobody@contoso\.example .* Trace ID: /,
    ),
  })
})

test('ten different bad passwords lock the account for a minute; the same one again does not count', async () => {
  for (let attempt = 0; attempt < 12; attempt++) await codeOf({ ...passwordForm, password: 'same' })
  expect((await tokenRequest(passwordForm)).status).toBe(200)
  entra.setUser(ada)
  for (let attempt = 0; attempt < 10; attempt++) {
    expect(await codeOf({ ...passwordForm, password: `bad ${attempt}` })).toBe(50126)
  }
  expect(await codeOf(passwordForm)).toBe(50053)
  now += 60_000
  expect((await tokenRequest(passwordForm)).status).toBe(200)
})

test('a refresh token is good again and again, and dies of age, of revocation and of a new password', async () => {
  const token = await refreshTokenOf()
  expect((await tokenRequest(refreshForm(token))).status).toBe(200)
  const rotated = await refreshTokenOf(refreshForm(token))
  expect(rotated).not.toBe(token)

  now += 90 * 86_400_000
  expect(await codeOf(refreshForm(token))).toBe(700082)
  now = start
  entra.setPassword(ada.username, 'Another-1')
  expect(await codeOf(refreshForm(token))).toBe(50173)
  expect(await codeOf(refreshForm(rotated))).toBe(50173)
  const fresh = await refreshTokenOf({ ...passwordForm, password: 'Another-1' })
  entra.revokeRefreshTokens(ada.username, 70043)
  expect(await codeOf(refreshForm(fresh))).toBe(70043)
  expect(await codeOf(refreshForm('garbage'))).toBe(70000)
})

test('users and refresh tokens survive a restart', async () => {
  const token = await refreshTokenOf()
  const second = await launch()
  try {
    second.setApplication({ clientId, publicClientFlows: true })
    const response = await tokenRequest(refreshForm(token), second.authority())
    expect(response.status).toBe(200)
  } finally {
    await second.close()
  }
})

test('a confidential client proves itself with a secret or a certificate, and its refresh tokens survive a new password', async () => {
  const confidential = 'a5f3e6c0-2222-4000-8000-000000000002'
  const { cert: certificatePem, private: privateKey } = await generate(
    [{ name: 'commonName', value: 'broker' }],
    { algorithm: 'sha256' },
  )
  entra.setApplication({
    clientId: confidential,
    publicClientFlows: false,
    clientSecret: 's3cret',
    certificatePem,
  })
  const withSecret = { client_id: confidential, client_secret: 's3cret' }

  expect(await codeOf({ ...passwordForm, client_id: confidential })).toBe(7000218)
  expect(await codeOf({ ...passwordForm, ...withSecret, client_secret: 'wrong' })).toBe(7000215)
  const token = await refreshTokenOf({ ...passwordForm, ...withSecret })
  entra.setPassword(ada.username, 'Another-1')
  expect((await tokenRequest(refreshForm(token, withSecret))).status).toBe(200)

  const thumbprintSha256 = createHash('sha256').update(new X509Certificate(certificatePem).raw).digest('hex')
  const app = new ConfidentialClientApplication({
    auth: authOf(entra, { clientId: confidential, clientCertificate: { thumbprintSha256, privateKey } }),
  })
  expect((await signIn({ ...ada, password: 'Another-1' }, app))?.accessToken).toMatch(/^eyJ/)
})

test.each([
  ['an unknown tenant', {}, '11111111-0000-4000-8000-000000000000', 90002],
  ['the common endpoint', {}, 'common', 9001023],
  ['an unknown application', { client_id: 'b5f3e6c0-0000-4000-8000-000000000000' }, contosoTenantId, 700016],
  ['an unknown resource', { scope: 'https://fabrikam.example/.default' }, contosoTenantId, 500011],
  [
    'two resources',
    { scope: 'https://a.example/.default https://b.example/.default' },
    contosoTenantId,
    700022,
  ],
  ['no password', { password: '' }, contosoTenantId, 900144],
])('%s', async (_, form, tenant, code) => {
  expect(await codeOf({ ...passwordForm, ...form }, entra.authority(tenant))).toBe(code)
})

test('any code can be provoked, for one user or for all', async () => {
  entra.setUser({ ...ada, failWith: 50076 })
  expect(await codeOf(passwordForm)).toBe(50076)
  entra.failWith = 90055
  const throttled = await tokenRequest(passwordForm)
  expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '10'])
  expect(() => (entra.failWith = 123)).toThrow('AADSTS123')
})

test('faults: empty JSON, a page, a dropped connection, a closed port', async () => {
  entra.fault = { kind: 'empty-json', status: 200 }
  expect(await (await tokenRequest(passwordForm)).json()).toEqual({})
  entra.fault = { kind: 'html', status: 502 }
  expect((await tokenRequest(passwordForm)).headers.get('content-type')).toBe('text/html')
  entra.fault = { kind: 'reset' }
  await expect(tokenRequest(passwordForm)).rejects.toThrow('fetch failed')
  entra.fault = undefined
  await entra.stop()
  await expect(tokenRequest(passwordForm)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await entra.start()
  expect((await tokenRequest(passwordForm)).status).toBe(200)
})

test('a refresh token can be used again, unless it is for one use alone', async () => {
  const again = refreshForm(await refreshTokenOf())
  expect([await refreshTokenOf(again), await refreshTokenOf(again)]).toEqual([
    expect.stringMatching(/^1\./),
    expect.stringMatching(/^1\./),
  ])
  entra.refreshTokensAreSingleUse = true
  const once = refreshForm(await refreshTokenOf())
  const successor = await refreshTokenOf(once)
  expect(await codeOf(once)).toBe(70000)
  expect(await refreshTokenOf(refreshForm(successor))).toMatch(/^1\./)
  entra.refreshTokensAreSingleUse = false
})
