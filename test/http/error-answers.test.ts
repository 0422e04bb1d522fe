import { expect, test } from '@jest/globals'
import { BrokerError, type BrokerErrorCode } from '../../src/core/broker-error.ts'
import { errorResponseOf, isOurFault } from '../../src/http/error-response.ts'

const EXAMPLE = '{"username": "user@contoso.com", "password": "…"}'
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="entra-token-broker", charset="UTF-8"' }
const NO_STORE = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
}

interface Answer {
  readonly status: number
  /** On the wire, where it is not the code itself. */
  readonly error?: string
  readonly description: string
  readonly remedy: string
  /** In the body; in the header too, where a retry may help. */
  readonly retryAfterInSeconds?: number
  readonly isRetryable?: boolean
  readonly headers?: Record<string, string>
}

test.each<[BrokerErrorCode, Answer]>([
  [
    'invalid_request',
    {
      status: 400,
      description: 'The request is not as it must be.',
      remedy: `Send JSON such as ${EXAMPLE}.`,
    },
  ],
  [
    'method_not_allowed',
    {
      status: 405,
      error: 'invalid_request',
      description: 'Only POST is allowed here.',
      remedy: 'Send the same request with the method POST.',
      headers: { Allow: 'POST' },
    },
  ],
  [
    'request_too_large',
    {
      status: 413,
      error: 'invalid_request',
      description: 'The body is larger than 8 KiB.',
      remedy: `Send nothing but the credentials: ${EXAMPLE}.`,
    },
  ],
  [
    'unsupported_media_type',
    {
      status: 415,
      error: 'invalid_request',
      description: 'The body is not declared as JSON in UTF-8.',
      remedy: 'Send the header Content-Type: application/json.',
    },
  ],
  [
    'unknown_client',
    {
      status: 400,
      description: 'There is no client profile of this name.',
      remedy: 'Check the field client, or leave it out to use the default profile.',
    },
  ],
  [
    'not_found',
    {
      status: 404,
      description: 'There is no entry of this name.',
      remedy: 'Nothing is kept of this user. POST /tokens/find names the entry of a user.',
    },
  ],
  [
    'unsupported_grant_type',
    {
      status: 400,
      error: 'invalid_request',
      description: 'Only the grant type password is supported.',
      remedy: 'Send grant_type=password, with username and password.',
    },
  ],
  [
    'credentials_missing',
    {
      status: 401,
      error: 'invalid_request',
      description: 'The request holds no user name and no password.',
      remedy: `Send them as Authorization: Basic (base64 of username:password in UTF-8), or as JSON in the body: ${EXAMPLE}.`,
      headers: CHALLENGE,
    },
  ],
  [
    'invalid_credentials',
    {
      status: 401,
      description: 'Entra ID did not accept this user name and password.',
      remedy:
        'Check both; a reset may take minutes. Repeating the call unchanged can lock the account. Federated domains need password hash sync and the Home Realm Discovery policy AllowCloudPasswordValidation, or a cloud-only account (…onmicrosoft.com).',
      headers: CHALLENGE,
    },
  ],
  [
    'account_locked',
    {
      status: 423,
      description: 'The account is locked because of too many failed sign-ins.',
      remedy: 'Stop every flow that uses an old password, wait, then try again with the right one.',
      retryAfterInSeconds: 60,
    },
  ],
  [
    'password_change_required',
    {
      status: 403,
      description: 'The password has expired or must be changed.',
      remedy: 'Sign in once in a browser, set a new password, and put it into the flow.',
    },
  ],
  [
    'account_disabled',
    {
      status: 403,
      description:
        'The account is disabled, a guest or of another tenant, or not assigned to the application.',
      remedy:
        'Use an enabled account of the tenant itself, and ask an administrator to assign it to the application.',
    },
  ],
  [
    'interaction_required',
    {
      status: 403,
      description:
        'Entra ID wants the user to do something that this sign-in cannot do, such as multi-factor authentication.',
      remedy:
        'Use an account that Conditional Access exempts from multi-factor authentication for this application.',
    },
  ],
  [
    'policy_blocked',
    {
      status: 403,
      description: 'A policy of the tenant, such as Conditional Access, blocks this sign-in.',
      remedy:
        'Ask an administrator to look for the correlation_id in the sign-in log and to adapt the policy.',
    },
  ],
  [
    'consent_required',
    {
      status: 403,
      description: 'Nobody has consented to the permissions that the application asks for.',
      remedy: 'Ask an administrator to grant admin consent to the application in the tenant.',
    },
  ],
  [
    'misconfigured',
    {
      status: 500,
      description: 'The broker, its app registration or the directory behind it is not set up as it must be.',
      remedy: 'Ask whoever runs the broker to look for the correlation_id in its log.',
    },
  ],
  [
    'temporarily_unavailable',
    {
      status: 503,
      description:
        'Entra ID, or a service that the broker needs, is not available, and there is no valid token to hand out.',
      remedy: 'Try again later; the retry policy of the flow does that.',
      isRetryable: true,
      retryAfterInSeconds: 15,
    },
  ],
  [
    'too_many_requests',
    {
      status: 429,
      description: 'Too many sign-ins with passwords that are not known wait or were refused.',
      remedy: 'Try again later. If one caller tries many accounts, correct their passwords first.',
      isRetryable: true,
      retryAfterInSeconds: 5,
    },
  ],
  [
    'deadline_exceeded',
    {
      status: 504,
      description: 'The answer took too long. The broker goes on in the background.',
      remedy: 'Try again: the token may be there by then.',
      isRetryable: true,
    },
  ],
  [
    'internal_error',
    {
      status: 500,
      description: 'The broker failed in a way that was not foreseen.',
      remedy:
        'Try again; if it happens again, ask whoever runs the broker to look for the correlation_id in its log.',
      isRetryable: true,
    },
  ],
])('the whole answer to %s', (code, answer) => {
  const { status, error = code, description, remedy, headers, retryAfterInSeconds, isRetryable } = answer
  expect(errorResponseOf(new BrokerError(code), 'id')).toStrictEqual({
    status,
    headers: {
      ...NO_STORE,
      ...headers,
      ...(isRetryable && retryAfterInSeconds && { 'Retry-After': String(retryAfterInSeconds) }),
    },
    jsonBody: {
      error,
      description,
      remedy,
      retryable: isRetryable ?? false,
      ...(retryAfterInSeconds && { retry_after_seconds: retryAfterInSeconds }),
      correlation_id: 'id',
    },
  })
  expect(isOurFault(new BrokerError(code))).toBe(status >= 500)
})

test('which code of invalid credentials it was is not told: it would tell who exists', () => {
  const { jsonBody } = errorResponseOf(new BrokerError('invalid_credentials', { aadsts: 50034 }), 'id')
  expect(jsonBody).not.toHaveProperty('aadsts')
  expect(jsonBody).toEqual(errorResponseOf(new BrokerError('invalid_credentials'), 'id').jsonBody)
})

test('when a refused password may be tried again stands in the body alone, if it is known', () => {
  const { headers, jsonBody } = errorResponseOf(
    new BrokerError('invalid_credentials', { retryAfterInMs: 599_001 }),
    'id',
  )
  expect(jsonBody).toMatchObject({ retry_after_seconds: 600, retryable: false })
  expect(headers).not.toHaveProperty('Retry-After')
})

test.each<[string, BrokerErrorCode, number, string, string]>([
  [
    'of interaction is called unknown',
    'interaction_required',
    123456,
    'Entra ID refused this sign-in with a code that is not known here.',
    'AADSTS123456 is not known here. Look it up at https://login.microsoftonline.com/error?code=123456, and ask an administrator for the correlation_id in the sign-in log of Entra ID.',
  ],
  [
    'of anything else has the words of its category',
    'policy_blocked',
    123456,
    'A policy of the tenant, such as Conditional Access, blocks this sign-in.',
    'Ask an administrator to look for the correlation_id in the sign-in log and to adapt the policy.',
  ],
])('a code that nobody knows, %s', (_, code, aadsts, description, remedy) => {
  expect(errorResponseOf(new BrokerError(code, { aadsts }), 'id').jsonBody).toMatchObject({
    description,
    remedy,
    aadsts,
  })
})
