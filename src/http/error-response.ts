import type { HttpResponseInit } from '@azure/functions'
import type { BrokerError, BrokerErrorCode } from '../core/broker-error.ts'
import { remedyOf, UNKNOWN_CODE_DESCRIPTION, unknownCodeRemedy } from './aadsts-remedies.ts'
import { EXAMPLE_BODY } from './invalid-request.ts'
import { NO_STORE_HEADERS } from './no-store-headers.ts'

interface Answer {
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

/** No longer than the broker itself would wait. */
const MAX_RETRY_AFTER_IN_MS = 5 * 60_000
/** No lock lasts longer. */
const MAX_LOCK_IN_MS = 2 * 3_600_000
const BASIC_CHALLENGE = { 'WWW-Authenticate': 'Basic realm="entra-token-broker", charset="UTF-8"' }

const ANSWERS: Record<BrokerErrorCode, Answer> = {
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

/** No retry helps at once, yet there is a time after which it may. */
const TELLS_WHEN: ReadonlySet<BrokerErrorCode> = new Set(['account_locked', 'invalid_credentials'])

/** The one place that decides what a caller sees of a failure. */
export function errorResponseOf({ code, details }: BrokerError, correlationId: string): HttpResponseInit {
  const answer = ANSWERS[code]
  const retryAfterInSeconds =
    answer.retryable || TELLS_WHEN.has(code) ? waitInSecondsOf(details.retryAfterInMs, answer) : undefined
  // Telling 50034 (unknown user) from 50126 (wrong password) would tell an attacker who has an account.
  const aadsts = code === 'invalid_credentials' ? undefined : details.aadsts
  const ofCode = aadsts === undefined ? undefined : wordsOf(code, aadsts)
  return {
    status: answer.status,
    headers: {
      ...NO_STORE_HEADERS,
      ...answer.headers,
      ...(answer.retryable &&
        retryAfterInSeconds !== undefined && { 'Retry-After': String(retryAfterInSeconds) }),
    },
    jsonBody: {
      error: answer.error ?? code,
      description: details.description ?? ofCode?.description ?? answer.description,
      remedy: details.remedy ?? ofCode?.remedy ?? answer.remedy,
      ...(aadsts !== undefined && { aadsts }),
      retryable: answer.retryable,
      ...(retryAfterInSeconds !== undefined && { retry_after_seconds: retryAfterInSeconds }),
      correlation_id: details.correlationId ?? correlationId,
    },
  }
}

/** What can be said of one code; of a code that nobody knows, just that. */
function wordsOf(code: BrokerErrorCode, aadsts: number): { description?: string; remedy?: string } {
  const remedy = remedyOf(aadsts)
  if (remedy !== undefined) return { remedy }
  if (code !== 'interaction_required') return {}
  return { description: UNKNOWN_CODE_DESCRIPTION, remedy: unknownCodeRemedy(aadsts) }
}

/** Whole seconds, at least one. What is no number, which an odd answer of Entra ID may lead to, counts as not said. */
function waitInSecondsOf(timeInMs: number | undefined, usual: Answer): number | undefined {
  const waitInMs = timeInMs === undefined || Number.isNaN(timeInMs) ? usual.retryAfterInMs : timeInMs
  if (waitInMs === undefined) return undefined
  const maxWaitInMs = usual.retryable ? MAX_RETRY_AFTER_IN_MS : MAX_LOCK_IN_MS
  return Math.max(1, Math.ceil(Math.min(waitInMs, maxWaitInMs) / 1000))
}

/** Whose fault it is: the caller's are for information, ours are errors. */
export function isOurFault({ code }: BrokerError): boolean {
  return ANSWERS[code].status >= 500
}
