import type { BrokerErrorCode } from '../core/broker-error.ts'
import { EXAMPLE_BODY } from './invalid-request.ts'

/** How one error is answered. */
export interface ErrorAnswer {
  readonly status: number
  /** The wire's `error`, where it is not the code itself. */
  readonly error?: string
  readonly description: string
  readonly remedy: string
  /** Whether the same request may succeed later. Callers retry on 408, 429 and 5xx alone, so the status agrees. */
  readonly retryable: boolean
  readonly retryAfterInMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

const BASIC_CHALLENGE = { 'WWW-Authenticate': 'Basic realm="entra-token-broker", charset="UTF-8"' }

/** Every error there is: a code without an answer does not compile. */
export const ERROR_ANSWERS: Record<BrokerErrorCode, ErrorAnswer> = {
  invalid_request: {
    status: 400,
    description: 'The request is not as it must be.',
    remedy: `Send JSON such as ${EXAMPLE_BODY}.`,
    retryable: false,
  },
  method_not_allowed: {
    status: 405,
    error: 'invalid_request',
    description: 'Only POST is allowed here.',
    remedy: 'Send the same request with the method POST.',
    retryable: false,
    headers: { Allow: 'POST' },
  },
  request_too_large: {
    status: 413,
    error: 'invalid_request',
    description: 'The body is larger than 8 KiB.',
    remedy: `Send nothing but the credentials: ${EXAMPLE_BODY}.`,
    retryable: false,
  },
  unsupported_media_type: {
    status: 415,
    error: 'invalid_request',
    description: 'The body is not declared as JSON in UTF-8.',
    remedy: 'Send the header Content-Type: application/json.',
    retryable: false,
  },
  unknown_client: {
    status: 400,
    description: 'There is no client profile of this name.',
    remedy: 'Check the field client, or leave it out to use the default profile.',
    retryable: false,
  },
  not_found: {
    status: 404,
    description: 'There is no entry of this name.',
    remedy: 'Nothing is kept of this user. POST /tokens/find names the entry of a user.',
    retryable: false,
  },
  conflict: {
    status: 409,
    description: 'There is something else of this name already.',
    remedy: 'Choose another name, or delete what is there.',
    retryable: false,
  },
  unsupported_grant_type: {
    status: 400,
    error: 'invalid_request',
    description: 'Only the grant type password is supported.',
    remedy: 'Send grant_type=password, with username and password.',
    retryable: false,
  },
  credentials_missing: {
    status: 401,
    error: 'invalid_request',
    description: 'The request holds no user name and no password.',
    remedy: `Send them as Authorization: Basic (base64 of username:password in UTF-8), or as JSON in the body: ${EXAMPLE_BODY}.`,
    retryable: false,
    headers: BASIC_CHALLENGE,
  },
  invalid_credentials: {
    status: 401,
    description: 'Entra ID did not accept this user name and password.',
    remedy:
      'Check both; a reset may take minutes. Repeating the call unchanged can lock the account. Federated domains need password hash sync and the Home Realm Discovery policy AllowCloudPasswordValidation, or a cloud-only account (…onmicrosoft.com).',
    retryable: false,
    headers: BASIC_CHALLENGE,
  },
  account_locked: {
    status: 423,
    description: 'The account is locked because of too many failed sign-ins.',
    remedy: 'Stop every flow that uses an old password, wait, then try again with the right one.',
    retryable: false,
    retryAfterInMs: 60_000,
  },
  password_change_required: {
    status: 403,
    description: 'The password has expired or must be changed.',
    remedy: 'Sign in once in a browser, set a new password, and put it into the flow.',
    retryable: false,
  },
  account_disabled: {
    status: 403,
    description: 'The account is disabled, a guest or of another tenant, or not assigned to the application.',
    remedy:
      'Use an enabled account of the tenant itself, and ask an administrator to assign it to the application.',
    retryable: false,
  },
  interaction_required: {
    status: 403,
    description:
      'Entra ID wants the user to do something that this sign-in cannot do, such as multi-factor authentication.',
    remedy:
      'Use an account that Conditional Access exempts from multi-factor authentication for this application.',
    retryable: false,
  },
  policy_blocked: {
    status: 403,
    description: 'A policy of the tenant, such as Conditional Access, blocks this sign-in.',
    remedy: 'Ask an administrator to look for the correlation_id in the sign-in log and to adapt the policy.',
    retryable: false,
  },
  consent_required: {
    status: 403,
    description: 'Nobody has consented to the permissions that the application asks for.',
    remedy: 'Ask an administrator to grant admin consent to the application in the tenant.',
    retryable: false,
  },
  misconfigured: {
    status: 500,
    description: 'The broker, its app registration or the directory behind it is not set up as it must be.',
    remedy: 'Ask whoever runs the broker to look for the correlation_id in its log.',
    retryable: false,
  },
  temporarily_unavailable: {
    status: 503,
    description:
      'Entra ID, or a service that the broker needs, is not available, and there is no valid token to hand out.',
    remedy: 'Try again later; the retry policy of the flow does that.',
    retryable: true,
    retryAfterInMs: 15_000,
  },
  too_many_requests: {
    status: 429,
    description: 'Too many sign-ins with passwords that are not known wait or were refused.',
    remedy: 'Try again later. If one caller tries many accounts, correct their passwords first.',
    retryable: true,
    retryAfterInMs: 5_000,
  },
  deadline_exceeded: {
    status: 504,
    description: 'The answer took too long. The broker goes on in the background.',
    remedy: 'Try again: the token may be there by then.',
    retryable: true,
  },
  internal_error: {
    status: 500,
    description: 'The broker failed in a way that was not foreseen.',
    remedy:
      'Try again; if it happens again, ask whoever runs the broker to look for the correlation_id in its log.',
    retryable: true,
  },
}
