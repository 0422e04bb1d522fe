import { expect, test } from '@jest/globals'
import type { ClientProfile } from '../../../src/core/client-profile.ts'
import { createDoctor, type DoctorOptions } from '../../../src/core/operate/doctor.ts'
import { IdentityProviderError, type ProviderFailure } from '../../../src/core/provider/provider-failure.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const NOW = 1_764_000_000_000
const READY = {
  isReady: true,
  checks: { key_vault: 'ok', tables: 'ok' },
  details: [],
  problems: [],
}

function createStage(options: Partial<DoctorOptions> = {}) {
  let elapsed = 0
  const asked: string[] = []
  const doctor = createDoctor({
    checkReadiness: async () => READY,
    profiles: { get: async () => PROFILE },
    defaultProfile: 'default',
    dueIndex: { dueBefore: async () => [] },
    identityProvider: {
      acquireByPassword: async (_, { username }) => {
        asked.push(username)
        throw new IdentityProviderError(refusalOf({ aadsts: 50034 }))
      },
    },
    askAuthority: async () => NOW,
    needsMfa: () => false,
    readConnections: async () => {},
    hasAddress: true,
    randomId: () => `id${asked.length}`,
    now: () => NOW,
    elapsed: () => elapsed,
    ...options,
  })
  return {
    asked,
    doctor,
    pass: (timeInMs: number) => void (elapsed += timeInMs),
    line: async (check: string) => (await doctor()).find((finding) => finding.check === check),
  }
}

test('when all is well, every line says so', async () => {
  const { doctor } = createStage()
  expect((await doctor()).map(({ check, status, kind }) => `${check} ${status} ${kind}`)).toEqual([
    'key_vault ok works',
    'tables ok works',
    'authority ok works',
    'clock ok works',
    'registration ok works',
    'resource ok works',
    'timer ok works',
  ])
})

test('the identity provider is asked once a minute, for somebody who cannot exist', async () => {
  const { asked, doctor, pass } = createStage()
  await Promise.all([doctor(), doctor()])
  pass(59_999)
  await doctor()
  expect(asked).toEqual(['entra-token-broker-doctor-id0@t'])
  pass(1)
  await doctor()
  expect(asked).toEqual(['entra-token-broker-doctor-id0@t', 'entra-token-broker-doctor-id1@t'])
})

test('an authority of all organizations cannot be asked about the application', async () => {
  const profile = { ...PROFILE, authority: 'https://login.example/organizations' }
  const { asked, line } = createStage({ profiles: { get: async () => profile } })
  expect(await line('registration')).toEqual({
    check: 'registration',
    status: 'not_tried',
    kind: 'not_tried',
    detail: 'authority of all organizations',
  })
  expect(asked).toEqual([])
})

test('a profile that has changed within the minute is asked about anew', async () => {
  let fingerprint = 'before'
  const { asked, doctor } = createStage({ profiles: { get: async () => ({ ...PROFILE, fingerprint }) } })
  await doctor()
  fingerprint = 'after'
  await doctor()
  expect(asked).toHaveLength(2)
})

test('somebody who cannot exist and gets a token shows that the application is let in, and nothing is stored', async () => {
  const stored: unknown[] = []
  const token = { value: 't', acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + 1 }
  const { line } = createStage({
    identityProvider: {
      async acquireByPassword(_, __, persist) {
        stored.push(await persist('{}').catch((error: Error) => error.message))
        return { token, stored: { kind: 'stored' } }
      },
    },
  })
  expect(await line('registration')).toEqual({ check: 'registration', status: 'ok', kind: 'works' })
  expect(stored).toEqual(['internal_error'])
})

test('a sign-in that fails as nobody foresaw is told by its constant', async () => {
  const fault = Object.assign(new Error('names a user'), { code: 'ERR_ODD' })
  const identityProvider = { acquireByPassword: () => Promise.reject(fault) }
  expect(await createStage({ identityProvider }).line('registration')).toEqual({
    check: 'registration',
    status: 'failed',
    kind: 'registration_refused',
    detail: 'Error ERR_ODD',
  })
})

const failing = (fields: Partial<ProviderFailure>): Partial<DoctorOptions> => ({
  identityProvider: {
    acquireByPassword: () => Promise.reject(new IdentityProviderError(refusalOf(fields))),
  },
})

test.each<[string, Partial<ProviderFailure>, object]>([
  ['wrong password', { aadsts: 50126 }, { status: 'ok', kind: 'works' }],
  ['a second factor', { category: 'interaction_required', aadsts: 50076 }, { status: 'ok', kind: 'works' }],
  [
    'public client flows off',
    { category: 'misconfigured', scope: 'profile', aadsts: 7000218 },
    { status: 'failed', kind: 'registration_refused', aadsts: 7000218 },
  ],
  [
    'a misconfiguration that is only said of the account',
    { category: 'misconfigured', scope: 'account', aadsts: 90002 },
    { status: 'failed', kind: 'registration_refused', aadsts: 90002 },
  ],
  [
    'consent',
    { category: 'consent_required', scope: 'account', aadsts: 65001 },
    { status: 'failed', kind: 'registration_refused', aadsts: 65001 },
  ],
  [
    'a page instead of an answer',
    { category: 'misconfigured', scope: 'profile', detail: 'password invalid_answer 403' },
    { status: 'failed', kind: 'unavailable', detail: 'password invalid_answer 403' },
  ],
  [
    'an outage',
    { category: 'temporarily_unavailable', scope: 'service', detail: 'status 503' },
    { status: 'failed', kind: 'unavailable', detail: 'status 503' },
  ],
  [
    'an outage with a code',
    { category: 'temporarily_unavailable', scope: 'account', aadsts: 90033 },
    { status: 'failed', kind: 'unavailable', aadsts: 90033 },
  ],
  [
    'a policy that is said of more than the account',
    { category: 'policy_blocked', scope: 'profile', aadsts: 53003 },
    { status: 'failed', kind: 'registration_refused', aadsts: 53003 },
  ],
])('the sign-in of nobody tells: %s', async (_, failure, expected) => {
  expect(await createStage(failing(failure)).line('registration')).toMatchObject(expected)
})

test.each([
  [59_999, 'ok', undefined],
  [-60_000, 'warning', '60 s'],
  [299_999, 'warning', '300 s'],
  [-300_000, 'failed', '300 s'],
])('a clock that differs by %i ms is %s', async (skewInMs, status, detail) => {
  const line = await createStage({ askAuthority: async () => NOW + skewInMs }).line('clock')
  expect([line?.status, line?.kind, line?.detail]).toEqual([
    status,
    status === 'ok' ? 'works' : 'clock_differs',
    detail,
  ])
})

test('without a time of the authority the clock is not judged', async () => {
  expect(await createStage({ askAuthority: async () => undefined }).line('clock')).toEqual({
    check: 'clock',
    status: 'not_tried',
    kind: 'not_tried',
  })
})

test('an authority that cannot be reached is told by its constant, and nobody is signed in', async () => {
  const fault = Object.assign(new Error('names a host'), { code: 'ENOTFOUND' })
  const { asked, doctor } = createStage({ askAuthority: () => Promise.reject(fault) })
  const findings = await doctor()
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([
    { check: 'authority', status: 'failed', kind: 'unreachable', detail: 'Error ENOTFOUND' },
    { check: 'clock', status: 'not_tried', kind: 'not_tried' },
    { check: 'registration', status: 'not_tried', kind: 'not_tried' },
  ])
  expect(asked).toEqual([])
})

test('what others found is handed on, and without a profile the rest is not tried', async () => {
  const { doctor } = createStage({
    checkReadiness: async () => ({
      isReady: false,
      checks: { key_vault: 'ok', default_client: 'misconfigured', tables: 'unavailable' },
      details: ['default_client: client-default: clientId is missing', 'tables: RestError 403'],
      problems: ['REFRESH_SCHEDULE is missing'],
    }),
    profiles: { get: () => Promise.reject(new Error('no')) },
  })
  expect((await doctor()).filter(({ status }) => status !== 'ok')).toEqual([
    {
      check: 'default_client',
      status: 'failed',
      kind: 'misconfigured',
      detail: 'client-default: clientId is missing',
    },
    { check: 'tables', status: 'failed', kind: 'unavailable', detail: 'RestError 403' },
    { check: 'settings', status: 'warning', kind: 'problem', detail: 'REFRESH_SCHEDULE is missing' },
    { check: 'authority', status: 'not_tried', kind: 'not_tried' },
    { check: 'clock', status: 'not_tried', kind: 'not_tried' },
    { check: 'registration', status: 'not_tried', kind: 'not_tried' },
    { check: 'resource', status: 'not_tried', kind: 'not_tried' },
  ])
})

test('a dependency that fails without a word for the log has no detail', async () => {
  const checkReadiness = async () => ({ ...READY, isReady: false, checks: { queue: 'unavailable' } })
  expect(await createStage({ checkReadiness }).line('queue')).toEqual({
    check: 'queue',
    status: 'failed',
    kind: 'unavailable',
  })
})

test('a resource that wants a second factor of everybody is told', async () => {
  expect(await createStage({ needsMfa: () => true }).line('resource')).toMatchObject({
    status: 'warning',
    kind: 'needs_mfa',
  })
})

test('what has been due for more than ten minutes is the timer’s', async () => {
  const looked: number[] = []
  const dueIndex = {
    dueBefore: async (timestamp: number) => {
      looked.push(timestamp)
      return [{ entryKey: 'k', dueTimestamp: NOW - 1_500_000 }]
    },
  }
  expect(await createStage({ dueIndex }).line('timer')).toEqual({
    check: 'timer',
    status: 'failed',
    kind: 'lags',
    detail: '25 min',
  })
  expect(looked).toEqual([NOW - 600_000])
  const down = { dueBefore: () => Promise.reject(Object.assign(new Error(), { statusCode: 403 })) }
  expect(await createStage({ dueIndex: down }).line('timer')).toMatchObject({
    status: 'failed',
    kind: 'unavailable',
    detail: 'Error 403',
  })
})

const allowing = (...grants: ClientProfile['grants']) => ({
  profiles: { get: async () => ({ ...PROFILE, grants }) },
})
test.each([
  ['that are not allowed', {}, undefined],
  ['that are allowed', allowing('authorization_code'), { status: 'ok', kind: 'works' }],
  [
    'of persons, while nobody can be sent back',
    { ...allowing('authorization_code'), hasAddress: false },
    { status: 'failed', kind: 'no_address' },
  ],
  [
    'of applications, which need no address',
    { ...allowing('client_credentials'), hasAddress: false },
    { status: 'ok', kind: 'works' },
  ],
  [
    'that cannot be read',
    {
      ...allowing('client_credentials'),
      readConnections: () => Promise.reject(Object.assign(new Error('a message'), { statusCode: 404 })),
    },
    { status: 'failed', kind: 'unavailable', detail: 'Error 404' },
  ],
])('connections %s', async (_, options: Partial<DoctorOptions>, finding) => {
  const line = await createStage(options).line('connections')
  expect(line).toEqual(finding && { check: 'connections', ...finding })
})
