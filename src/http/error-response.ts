import type { HttpResponseInit } from '@azure/functions'
import type { BrokerError, BrokerErrorCode } from '../core/broker-error.ts'
import { remedyOf, UNKNOWN_CODE_DESCRIPTION, unknownCodeRemedy } from './aadsts-remedies.ts'
import { ERROR_ANSWERS, type ErrorAnswer } from './error-answers.ts'
import { NO_STORE_HEADERS } from './no-store-headers.ts'

/** No longer than the broker itself would wait. */
const MAX_RETRY_AFTER_IN_MS = 5 * 60_000
/** No lock lasts longer. */
const MAX_LOCK_IN_MS = 2 * 3_600_000

/** No retry helps at once, yet there is a time after which it may. */
const TELLS_WHEN: ReadonlySet<BrokerErrorCode> = new Set(['account_locked', 'invalid_credentials'])

/** The one place that decides what a caller sees of a failure. */
export function errorResponseOf({ code, details }: BrokerError, correlationId: string): HttpResponseInit {
  const answer = ERROR_ANSWERS[code]
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
export function wordsOf(code: BrokerErrorCode, aadsts: number): { description?: string; remedy?: string } {
  const remedy = remedyOf(aadsts)
  if (remedy !== undefined) return { remedy }
  if (code !== 'interaction_required') return {}
  return { description: UNKNOWN_CODE_DESCRIPTION, remedy: unknownCodeRemedy(aadsts) }
}

/** Whole seconds, at least one. What is no number, which an odd answer of Entra ID may lead to, counts as not said. */
function waitInSecondsOf(timeInMs: number | undefined, usual: ErrorAnswer): number | undefined {
  const waitInMs = timeInMs === undefined || Number.isNaN(timeInMs) ? usual.retryAfterInMs : timeInMs
  if (waitInMs === undefined) return undefined
  const maxWaitInMs = usual.retryable ? MAX_RETRY_AFTER_IN_MS : MAX_LOCK_IN_MS
  return Math.max(1, Math.ceil(Math.min(waitInMs, maxWaitInMs) / 1000))
}

/** Whose fault it is: the caller's are for information, ours are errors. */
export function isOurFault({ code }: BrokerError): boolean {
  return ERROR_ANSWERS[code].status >= 500
}
