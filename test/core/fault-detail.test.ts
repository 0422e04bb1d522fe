import { expect, test } from '@jest/globals'
import { faultDetailOf } from '../../src/core/fault-detail.ts'

const fault = (name: string, fields: object, options?: ErrorOptions) =>
  Object.assign(new Error('user@contoso.com said: P@ssw0rd', options), { name }, fields)

test.each([
  ['its class', new RangeError('P@ssw0rd'), 'RangeError'],
  ['status and code', fault('RestError', { statusCode: 403, code: 'Forbidden' }), 'RestError 403 Forbidden'],
  [
    'codes inside of its details, at any depth',
    fault('RestError', {
      statusCode: 403,
      code: 'Forbidden',
      details: { error: { code: 'Forbidden', message: 'P@ssw0rd', innererror: { code: 'ForbiddenByRbac' } } },
    }),
    'RestError 403 Forbidden ForbiddenByRbac',
  ],
  [
    'the cause, which Error hides',
    fault('TypeError', {}, { cause: fault('Error', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) }),
    'TypeError Error DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  [
    'each of many errors once',
    fault('AggregateAuthenticationError', {
      errors: [
        fault('CredentialUnavailableError', {}),
        fault('CredentialUnavailableError', {}),
        fault('AuthenticationError', { statusCode: 400, errorResponse: { error: 'invalid_client' } }),
      ],
    }),
    'AggregateAuthenticationError CredentialUnavailableError AuthenticationError 400 invalid_client',
  ],
  [
    'an aggregate of the platform',
    new AggregateError([fault('Error', { code: 'ECONNREFUSED' })]),
    'AggregateError Error ECONNREFUSED',
  ],
])('a fault says %s', (_, thrown, expected) => {
  expect(faultDetailOf(thrown)).toBe(expected)
})

test.each([
  ['a sentence', fault('Error', { code: 'no such user: user@contoso.com' })],
  ['a token', fault('Error', { code: `e${'A'.repeat(64)}` })],
  ['a code that is an object', fault('Error', { code: { value: 'P@ssw0rd' } })],
  ['other members', fault('Error', { password: 'Passw0rd', details: { user: 'somebody' } })],
])('%s is not said', (_, thrown) => {
  expect(faultDetailOf(thrown)).toBe('Error')
})

test.each(['username', 'displayname', 'nameOfUser', 'codeword', 'errors_of_user', 'passcode'])(
  'what a member called %s holds is not said',
  (member) => {
    expect(faultDetailOf({ name: 'Fault', [member]: 'canary' })).toBe('Fault')
  },
)

test('eight constants are enough', () => {
  const errors = Array.from({ length: 12 }, (_, n) => ({ code: `code_${n}` }))
  expect(faultDetailOf({ name: 'Fault', errors })).toBe(
    'Fault code_0 code_1 code_2 code_3 code_4 code_5 code_6',
  )
})

test('what refers to itself ends', () => {
  const circular: { name: string; cause?: unknown } = { name: 'LoopError' }
  circular.cause = circular
  expect(faultDetailOf(circular)).toBe('LoopError')
})

test.each([[undefined], [null], ['P@ssw0rd'], [Symbol('P@ssw0rd')]])(
  '%p is no fault: nothing is said',
  (thrown) => {
    expect(faultDetailOf(thrown)).toBe('')
  },
)
