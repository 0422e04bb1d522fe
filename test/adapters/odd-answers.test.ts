import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOrCreateCertificateAuthority } from '../../local/server/certificate-authority.ts'
import { startLoopbackServer, type LoopbackServer } from '../../local/server/loopback-server.ts'
import { createEntraId } from '../../src/adapters/msal/entra-id.ts'
import type { ClientProfile } from '../../src/core/client-profile.ts'
import type { Acquired, Persist } from '../../src/core/provider/identity-provider.ts'
import { createPauses } from '../../src/core/provider/pauses.ts'
import { IdentityProviderError, type ProviderFailure } from '../../src/core/provider/provider-failure.ts'
import { trust } from '../support/trust.ts'

/** What the token endpoint answers next. */
let answer: { status: number; headers: Record<string, string>; body: string }
let server: LoopbackServer
let folder: string
let profile: ClientProfile
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odd-answers-'))
  const tls = await loadOrCreateCertificateAuthority(folder)
  trust(tls)
  server = await startLoopbackServer({
    tls,
    handle: async (_, __, response) => {
      response.writeHead(answer.status, answer.headers).end(answer.body)
    },
  })
  const authority = `https://localhost:${server.port}/contoso.example`
  profile = {
    name: 'default',
    authority,
    clientId: 'client',
    scopes: ['https://r/.default'],
    fingerprint: 'f',
    grants: [],
    clientFingerprint: 'c',
  }
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const NOW = Date.parse('2026-01-01T00:00:00Z')
const entra = createEntraId({
  timeoutInMs: 10_000,
  now: () => NOW,
  resolveAssertion: async () => 'an assertion',
})
const DAY_IN_MS = 86_400_000

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const ID_TOKEN = `${base64url({ alg: 'none' })}.${base64url({ oid: 'o', tid: 't', sub: 's', ver: '2.0' })}.`
const TOKEN = {
  token_type: 'Bearer',
  scope: 'https://r/.default',
  expires_in: 3599,
  access_token: 'a token',
  refresh_token: 'a refresh token',
  id_token: ID_TOKEN,
  client_info: base64url({ uid: 'u', utid: 't' }),
}

const CREDENTIALS = { username: 'u@contoso.example', password: 'p' }
const CORRELATION_ID = '11111111-1111-4111-8111-111111111111'

interface Acquisition extends Acquired {
  readonly serializedCache: string
}

async function acquire(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
  stored?: string,
): Promise<Acquisition> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  answer = { status, headers: { 'content-type': 'application/json', ...headers }, body: text }
  let serializedCache = ''
  const persist: Persist = async (cache) => {
    serializedCache = cache
    return { kind: 'stored' }
  }
  const acquired =
    stored === undefined
      ? await entra.acquireByPassword(profile, CREDENTIALS, persist, CORRELATION_ID)
      : await entra.acquireByRefreshToken(profile, stored, persist, CORRELATION_ID)
  return { ...acquired, serializedCache }
}

async function failureOf(acquired: Promise<unknown>): Promise<ProviderFailure> {
  const error = await acquired.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof IdentityProviderError) return error.failure
  throw new Error('no IdentityProviderError', { cause: error })
}

/** MSAL counts in whole seconds, from when it has the answer. */
const lifeInSecondsOf = ({ token }: Acquired) => Math.round((token.expiresOnTimestamp - Date.now()) / 1000)

test.each([
  ['"3599"', '3599', 3599],
  ['1e13', 1e13, 30 * 86_400],
  ['of 400 digits', '9'.repeat(400), 30 * 86_400],
  ['1.5', 1.5, 1],
])('expires_in %s is a life that is one, in the answer and in the cache', async (_, expires_in, expected) => {
  const acquired = await acquire({ ...TOKEN, expires_in })
  const cached = entra.cachedTokenOf(acquired.serializedCache)
  expect(Math.abs(lifeInSecondsOf(acquired) - expected)).toBeLessThanOrEqual(2)
  expect(cached?.expiresOnTimestamp).toBe(acquired.token.expiresOnTimestamp)
  expect(cached?.value).toBe('a token')
})

describe('the ID token of a sign-in', () => {
  const CLAIMS = { oid: 'o', tid: 't', sub: 's', ver: '2.0', preferred_username: 'u@contoso.example' }
  async function signIn(claims: object): Promise<unknown> {
    const id_token = `${base64url({ alg: 'none' })}.${base64url(claims)}.`
    answer = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...TOKEN, id_token }),
    }
    const request = {
      code: 'a code',
      redirectUri: 'https://b/connect/callback',
      codeVerifier: 'v',
      nonce: 'n',
    }
    return (await entra.acquireByCode(profile, request, CORRELATION_ID)).account
  }

  test('with the nonce of the attempt says who signed in', async () => {
    expect(await signIn({ ...CLAIMS, nonce: 'n' })).toEqual({
      tenantId: 't',
      objectId: 'o',
      username: 'u@contoso.example',
    })
  })

  test.each<[string, object, string]>([
    ['another nonce', { ...CLAIMS, nonce: 'another' }, 'nonce_mismatch'],
    ['no nonce', CLAIMS, 'nonce_mismatch'],
    ['a nonce that is no text', { ...CLAIMS, nonce: ['n'] }, 'nonce_mismatch'],
    ['no tenant', { ...CLAIMS, nonce: 'n', tid: undefined }, 'no_account_in_id_token'],
    ['an empty object id', { ...CLAIMS, nonce: 'n', oid: '' }, 'no_account_in_id_token'],
    ['no name', { ...CLAIMS, nonce: 'n', preferred_username: undefined }, 'no_account_in_id_token'],
  ])('with %s is nobody’s', async (_, claims, msalError) => {
    expect(await failureOf(signIn(claims))).toMatchObject({ detail: `authorization_code ${msalError}` })
  })
})

const WITHOUT_LIFE = Object.fromEntries(Object.entries(TOKEN).filter(([name]) => name !== 'expires_in'))

test.each<[string, unknown]>([
  ['expires_in [5]', { ...TOKEN, expires_in: [5] }],
  ['expires_in true', { ...TOKEN, expires_in: true }],
  ['expires_in 0', { ...TOKEN, expires_in: 0 }],
  ['expires_in 0.5', { ...TOKEN, expires_in: 0.5 }],
  ['expires_in -1', { ...TOKEN, expires_in: -1 }],
  ['expires_in "-1"', { ...TOKEN, expires_in: '-1' }],
  ['expires_in null', { ...TOKEN, expires_in: null }],
  ['no expires_in', WITHOUT_LIFE],
  ['scope 5', { ...TOKEN, scope: 5 }],
  ['token_type 7', { ...TOKEN, token_type: 7 }],
  ['access_token ""', { ...TOKEN, access_token: '' }],
  ['access_token {}', { ...TOKEN, access_token: {} }],
  ['null', null],
  ['an array', [TOKEN]],
  ['an error that is none', { error: { code: 5 } }],
])('%s with 200 is no token: passing, and not the password’s fault', async (_, body) => {
  expect(await failureOf(acquire(body))).toEqual({
    category: 'temporarily_unavailable',
    scope: 'service',
    judgement: 'not_judged',
    isHeldBack: false,
    retryAfterInMs: undefined,
    aadsts: undefined,
    detail: 'password invalid_answer 200',
  })
})

test.each([
  ['315360000', 300_000],
  ['9'.repeat(20), 300_000],
  ['Fri, 31 Dec 2099 23:59:59 GMT', 300_000],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
  ['Thu Jan  1 00:01:00 2026', 60_000],
  ['Thu, 99 Jan 2026 00:01:00 GMT', undefined],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['7', 7_000],
  [' 7 ', 7_000],
  ['0', 0],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['', undefined],
])('Retry-After %j is %p ms', async (header, expected) => {
  const failure = await failureOf(acquire({}, { status: 429, headers: { 'retry-after': header } }))
  expect(failure).toEqual({
    category: 'temporarily_unavailable',
    scope: 'service',
    judgement: 'not_judged',
    isHeldBack: false,
    retryAfterInMs: expected,
    aadsts: undefined,
    detail: 'password invalid_answer 429',
  })
})

const LOCKED = {
  error: 'invalid_grant',
  error_description: 'AADSTS50053: The account of u@contoso.example is locked.',
}

test.each<[string, unknown, number | undefined, string]>([
  ['numbers', { error: 'invalid_grant', error_codes: [50076, 1] }, 50076, 'interaction_required'],
  ['a string of digits', { error: 'invalid_grant', error_codes: ['50076'] }, 50076, 'interaction_required'],
  [
    'something else behind the first',
    { error: 'invalid_grant', error_codes: [50076, {}] },
    50076,
    'interaction_required',
  ],
  ['no numbers: the description’s code counts', { ...LOCKED, error_codes: ['x'] }, 50053, 'account_locked'],
  ['true', { ...LOCKED, error_codes: [true] }, 50053, 'account_locked'],
  ['an object', { ...LOCKED, error_codes: {} }, 50053, 'account_locked'],
  ['none', LOCKED, 50053, 'account_locked'],
  [
    'nothing that says more than the RFC',
    { error: 'invalid_grant', error_codes: [-1] },
    undefined,
    'invalid_credentials',
  ],
  ['1e13', { error: 'invalid_grant', error_codes: [1e13] }, undefined, 'invalid_credentials'],
  [
    'a description that is none',
    { error: 'invalid_grant', error_description: 5 },
    undefined,
    'invalid_credentials',
  ],
])('error_codes of %s', async (_, body, aadsts, category) => {
  expect(await failureOf(acquire(body, { status: 400 }))).toMatchObject({ aadsts, category })
})

test('an error with 200 is that error, not a token', async () => {
  const refused = { error: 'invalid_grant', error_codes: [50126], suberror: 5 }
  expect(await failureOf(acquire(refused))).toEqual({
    category: 'invalid_credentials',
    scope: 'account',
    judgement: 'judged',
    isHeldBack: false,
    retryAfterInMs: undefined,
    aadsts: 50126,
    detail: 'password 200 invalid_grant',
  })
})

test.each<[string, string, number, string]>([
  ['a page of HTML with 404', 'misconfigured', 404, '<!DOCTYPE html>'],
  ["a gateway's JSON with 404", 'misconfigured', 404, '{"statusCode":404,"message":"Resource not found"}'],
  ['a page of HTML with 403', 'misconfigured', 403, '<!DOCTYPE html>'],
  ['407', 'misconfigured', 407, ''],
  ['a redirect', 'misconfigured', 302, ''],
  ['408', 'temporarily_unavailable', 408, ''],
  ['a page of HTML with 502', 'temporarily_unavailable', 502, '<!DOCTYPE html>'],
  ['a page of HTML with 200, as in a hotel', 'temporarily_unavailable', 200, '<!DOCTYPE html>'],
])('%s is %s', async (_, category, status, body) => {
  const headers = { 'content-type': 'text/html', location: 'https://localhost/elsewhere' }
  expect(await failureOf(acquire(body, { status, headers }))).toMatchObject({
    category,
    detail: `password invalid_answer ${status}`,
  })
})

test('after five request loops in a row callers are told to rest for a minute, not for a second', async () => {
  let elapsed = 0
  const pauses = createPauses(() => elapsed)
  const account = { profile, entryKey: 'an entry' }
  const loop = () => acquire({ error: 'invalid_request', error_codes: [50196] }, { status: 400 })
  for (let times = 0; times < 5; times++) {
    await failureOf(pauses.run(account, loop))
    elapsed += 60_000
  }
  await failureOf(pauses.run(account, loop))
  expect(pauses.heldBack(account)).toEqual({
    category: 'temporarily_unavailable',
    scope: 'account',
    judgement: 'not_judged',
    isHeldBack: true,
    retryAfterInMs: 60_000,
    aadsts: 50196,
    detail: 'held_back password 400 invalid_request',
  })
})

const anyField = fc.oneof(
  fc.anything({
    withNullPrototype: false,
    withBigInt: false,
    withMap: false,
    withSet: false,
    withDate: false,
  }),
  fc.constantFrom<unknown>(
    0,
    -1,
    1e13,
    1e300,
    1e-7,
    '3599',
    '1e3',
    ' 5',
    '9'.repeat(400),
    true,
    [5],
    null,
    '',
  ),
  fc.double(),
  fc.string(),
)
const FIELDS = [
  'access_token',
  'expires_in',
  'ext_expires_in',
  'refresh_in',
  'scope',
  'token_type',
  'refresh_token',
  'id_token',
  'client_info',
  'error',
  'error_codes',
  'suberror',
  'error_description',
  'status',
  'foci',
  'refresh_token_expires_in',
  'not_before',
  'correlation_id',
  'claims',
  'error_uri',
  'key_id',
  '__proto__',
]
const oddFields = fc.dictionary(fc.constantFrom(...FIELDS), anyField, { maxKeys: 4 })
const anyAnswer = fc.record({
  body: fc.oneof(
    { weight: 6, arbitrary: oddFields.map((odd) => JSON.stringify({ ...TOKEN, ...odd }) ?? '') },
    { weight: 2, arbitrary: oddFields.map((odd) => JSON.stringify({ error: 'invalid_grant', ...odd })) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string() },
  ),
  status: fc.oneof(
    { weight: 4, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) },
  ),
  retryAfter: fc.oneof(
    fc.constantFrom('-5', '1e9', '9'.repeat(400), 'Fri, 31 Dec 2099 23:59:59 GMT'),
    fc.nat().map(String),
  ),
})

test.each(['password', 'refresh_token'])(
  'whatever the provider answers to a %s grant: a token with a time that is one, or a failure that says what it is',
  async (grant) => {
    const stored = grant === 'password' ? undefined : (await acquire(TOKEN)).serializedCache
    await fc.assert(
      fc.asyncProperty(anyAnswer, async ({ body, status, retryAfter }) => {
        let acquired: Acquisition
        try {
          acquired = await acquire(body, { status, headers: { 'retry-after': retryAfter } }, stored)
        } catch (error) {
          if (!(error instanceof IdentityProviderError)) throw error
          const { retryAfterInMs = 0, aadsts = 1, detail } = error.failure
          expect(retryAfterInMs).toBeGreaterThanOrEqual(0)
          expect(retryAfterInMs).toBeLessThanOrEqual(300_000)
          expect(Number.isSafeInteger(aadsts) && aadsts > 0).toBe(true)
          expect(detail).toMatch(/^(password|refresh_token)[\w. -]*$/)
          return
        }
        const { token, serializedCache } = acquired
        const cached = entra.cachedTokenOf(serializedCache)
        for (const { expiresOnTimestamp } of cached ? [token, cached] : [token]) {
          expect(expiresOnTimestamp).toBeGreaterThan(Date.now() - 2_000)
          expect(expiresOnTimestamp).toBeLessThanOrEqual(Date.now() + 30 * DAY_IN_MS + 1_000)
        }
        expect(token.value).not.toBe('')
      }),
      { numRuns: 1_000 },
    )
  },
)
