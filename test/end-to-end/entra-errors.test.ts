import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(async () => {
  // Past every pause that the test before has caused.
  clock.advance(600)
  await broker.reset()
})

test.each([
  [50126, 'invalid_credentials', 401],
  [50034, 'invalid_credentials', 401],
  [50053, 'account_locked', 423],
  [50055, 'password_change_required', 403],
  [50057, 'account_disabled', 403],
  [50076, 'interaction_required', 403],
  [53003, 'policy_blocked', 403],
  [65001, 'consent_required', 403],
  [7000218, 'misconfigured', 500],
  [700016, 'misconfigured', 500],
  // A password has no refresh token that could be dead: to Entra ID the request is malformed.
  [70008, 'misconfigured', 500],
  [90033, 'temporarily_unavailable', 503],
  [90055, 'temporarily_unavailable', 503],
])('AADSTS%i is answered as %s', async (code, error, status) => {
  broker.entra.failWith = code
  const answer = await broker.requestToken()
  const isLocked = error === 'account_locked'
  const isPassing = error === 'temporarily_unavailable'
  const retryAfter = code === 90055 ? 10 : 15
  expect(answer.status).toBe(status)
  expect(answer.json).toEqual({
    error,
    description: expect.stringMatching(/^[^{}]{20,200}\.$/),
    remedy: expect.stringMatching(/^[^{}]{20,250}\.$/),
    ...(error !== 'invalid_credentials' && { aadsts: code }),
    retryable: isPassing,
    ...(isLocked && { retry_after_seconds: 60 }),
    ...(isPassing && { retry_after_seconds: retryAfter }),
    correlation_id: broker.entra.calls[0]?.correlationId,
  })
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    pragma: 'no-cache',
  })
  expect(answer.headers.get('retry-after')).toBe(isPassing ? String(retryAfter) : null)
  expect(answer.headers.get('www-authenticate')).toBe(
    error === 'invalid_credentials' ? 'Basic realm="entra-token-broker", charset="UTF-8"' : null,
  )
  // Entra ID's own text names users, tenants and trace ids.
  expect(answer.text).not.toMatch(/AADSTS|Trace ID|demo@|contoso-tenant/)
  expect(broker.entra.calls).toHaveLength(1)
  const logged = broker.logged('token_request').at(-1)
  expect(logged).toMatchObject({ error, status, aadsts: code })
  expect(JSON.stringify(logged)).not.toContain(USERNAME)
})

test('an unknown user and a wrong password get the same answer, but for the correlation id', async () => {
  const wrong = await broker.requestToken({ password: 'wrong' })
  const unknown = await broker.requestToken({ username: 'nobody@contoso.example' })
  const comparable = ({ status, headers, json }: typeof wrong) => ({
    status,
    headers: [...headers].filter(([name]) => name !== 'date' && name !== 'x-ms-invocation-id'),
    json: { ...json, correlation_id: '' },
  })
  expect(comparable(unknown)).toEqual(comparable(wrong))
  expect(wrong.status).toBe(401)
})

test('what a maker can do about public client flows is said in so many words', async () => {
  broker.entra.failWith = 7000218
  expect((await broker.requestToken()).json['remedy']).toMatch(
    /^Allow public client flows is off for this app/,
  )
})

test.each([
  ['503', 15, { kind: 'status', status: 503 } as const],
  ['429', 7, { kind: 'status', status: 429, retryAfterInSeconds: 7 } as const],
  ['a page of HTML', 15, { kind: 'html', status: 200 } as const],
  ['a page of HTML with 502', 15, { kind: 'html', status: 502 } as const],
  ['a connection that ends', 30, { kind: 'reset' } as const],
  ['no answer in time', 30, { kind: 'hang' } as const],
  ['{} with 200, which MSAL takes for a token', 15, { kind: 'empty-json', status: 200 } as const],
  ['{} with 500', 15, { kind: 'empty-json', status: 500 } as const],
  ['16 MiB', 15, { kind: 'oversize' } as const],
])(
  '%s from the identity provider is answered 503, to be retried after %i s',
  async (_, retryAfter, fault) => {
    if (fault.kind === 'hang') await broker.restart({ IDENTITY_PROVIDER_TIMEOUT: '0.2' })
    broker.entra.fault = fault
    // A user of its own: the guard remembers for whom an answer was lost.
    const answer = await broker.requestToken({ username: `${fault.kind}@contoso.example` })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe(String(retryAfter))
    expect(answer.json).toMatchObject({
      error: 'temporarily_unavailable',
      retryable: true,
      retry_after_seconds: retryAfter,
    })
    expect(broker.logged('token_request').at(-1)).toMatchObject({
      error: 'temporarily_unavailable',
      detail: expect.stringMatching(/^password /),
    })
  },
)

test('a page of HTML with 404 is a wrong address, which no retry mends', async () => {
  broker.entra.fault = { kind: 'html', status: 404 }
  const answer = await broker.requestToken()
  expect([answer.status, answer.json['error'], answer.json['retryable']]).toEqual([
    500,
    'misconfigured',
    false,
  ])
  expect(broker.logged('token_request').at(-1)).toMatchObject({ detail: 'password invalid_answer 404' })
})

test('a connection that is refused is answered 503, and recovery needs nothing', async () => {
  const startEntra = await broker.stopEntra()
  expect((await broker.requestToken()).status).toBe(503)
  await startEntra()
  expect((await broker.requestToken()).status).toBe(200)
})
