import type { FailureCategory, FailureScope, ProviderFailure } from '../../core/provider/provider-failure.ts'
import { aadstsMeaningOf } from './aadsts-codes.ts'

/**
 * Why there is no answer to judge.
 * - `unreachable`: nothing was sent (DNS, TLS, refused).
 * - `timeout`, `connection_lost`: sent, and the answer was lost.
 * - `invalid_answer`: an answer that is neither a token nor an OAuth error, written by something in between.
 */
export type TransportFault = 'unreachable' | 'timeout' | 'connection_lost' | 'invalid_answer'

/** What the token endpoint, the way to it, or MSAL said. No free text: Entra ID's descriptions name users. */
export interface TokenFailure {
  readonly grant: 'password' | 'refresh_token' | 'client_credentials' | 'authorization_code'
  /** First of `error_codes`. */
  readonly aadsts?: number | undefined
  /** HTTP status of the token endpoint, when it answered. */
  readonly status?: number | undefined
  /** `error` of RFC 6749, section 5.2. */
  readonly oauthError?: string | undefined
  /** Entra ID's `suberror`. */
  readonly subError?: string | undefined
  readonly retryAfterInMs?: number | undefined
  readonly transport?: TransportFault | undefined
  /** Node.js' or undici's code of a transport fault, such as `ECONNREFUSED`. */
  readonly causeCode?: string | undefined
  /** MSAL's own error code, when it gave up without asking. */
  readonly msalError?: string | undefined
}

/** Entra ID's suberrors of `invalid_grant`. */
const CATEGORY_BY_SUBERROR = new Map<string, FailureCategory>([
  ['bad_token', 'dead_grant'],
  ['token_expired', 'dead_grant'],
  ['protection_policy_required', 'policy_blocked'],
  ['client_mismatch', 'misconfigured'],
  ['consent_required', 'consent_required'],
  ['user_password_expired', 'password_change_required'],
  ['basic_action', 'interaction_required'],
  ['additional_action', 'interaction_required'],
  ['message_only', 'policy_blocked'],
])

const CATEGORY_BY_OAUTH_ERROR = new Map<string, FailureCategory>([
  ['invalid_client', 'misconfigured'],
  ['unauthorized_client', 'misconfigured'],
  ['unsupported_grant_type', 'misconfigured'],
  ['invalid_request', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
  ['invalid_resource', 'misconfigured'],
  ['access_denied', 'policy_blocked'],
  ['consent_required', 'consent_required'],
  ['interaction_required', 'interaction_required'],
  ['login_required', 'interaction_required'],
  ['server_error', 'temporarily_unavailable'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
])

/** Entra ID ends a client's loop with it, and does not say for how long; asking again at once would only go on looping. */
const REQUEST_LOOP = 50196
const LOOP_REST_IN_MS = 60_000

/** The core's view of a failure: no word of Entra ID's or MSAL's is left in it but the code, to show. */
export function providerFailureOf(failure: TokenFailure): ProviderFailure {
  const known = failure.aadsts === undefined ? undefined : aadstsMeaningOf(failure.aadsts)
  const category = onlyARefreshTokenDies(failure, known?.category ?? fallbackOf(failure))
  const scope = known?.scope ?? scopeOf(category)
  return {
    category,
    scope,
    judgement: judgementOf(failure, category, scope),
    isHeldBack: false,
    retryAfterInMs: failure.retryAfterInMs ?? (failure.aadsts === REQUEST_LOOP ? LOOP_REST_IN_MS : undefined),
    aadsts: failure.aadsts,
    detail: detailOf(failure),
  }
}

/** Other grants have no refresh token to give up: what Entra ID calls a bad grant there is a bad request of ours. */
function onlyARefreshTokenDies({ grant }: TokenFailure, category: FailureCategory): FailureCategory {
  if (category !== 'dead_grant' || grant === 'refresh_token') return category
  // A code is used once, and soon: a person begins anew.
  return grant === 'authorization_code' ? 'interaction_required' : 'misconfigured'
}

/** Without a code that is known: the HTTP status; then the OAuth error with its suberror; then MSAL's own word. */
function fallbackOf(failure: TokenFailure): FailureCategory {
  return byStatus(failure) ?? byOAuthError(failure) ?? byMsalError(failure)
}

function byStatus({ transport, status }: TokenFailure): FailureCategory | undefined {
  if (status !== undefined && isPassingStatus(status)) return 'temporarily_unavailable'
  // A redirect, a page or a gateway's JSON with a 4xx says the same next time: a wrong address, a proxy that refuses.
  if (transport === 'invalid_answer' && status !== undefined && status >= 300) return 'misconfigured'
  return transport === undefined ? undefined : 'temporarily_unavailable'
}

function isPassingStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function byOAuthError({ grant, aadsts, oauthError, subError }: TokenFailure): FailureCategory | undefined {
  if (oauthError === undefined) return undefined
  // A code that nobody knows proves nothing: the caller is told its name, in an answer that no flow retries.
  if (aadsts !== undefined && oauthError !== 'invalid_grant') {
    const meant = CATEGORY_BY_OAUTH_ERROR.get(oauthError)
    return meant === undefined || meant === 'misconfigured' ? 'interaction_required' : meant
  }
  // 403 is the answer that no caller retries: the safe side for an account that a retry could lock.
  if (oauthError !== 'invalid_grant') return CATEGORY_BY_OAUTH_ERROR.get(oauthError) ?? 'interaction_required'
  const category = CATEGORY_BY_SUBERROR.get(subError ?? '')
  if (category && !(category === 'dead_grant' && grant !== 'refresh_token')) return category
  if (grant === 'refresh_token') return 'dead_grant'
  if (grant === 'client_credentials') return 'misconfigured'
  if (grant === 'authorization_code') return 'interaction_required'
  // A code we do not know is no proof of a wrong password; without any code it is the RFC's meaning.
  return aadsts === undefined ? 'invalid_credentials' : 'interaction_required'
}

function byMsalError({ msalError }: TokenFailure): FailureCategory {
  return msalError === 'no_tokens_found' || msalError === 'no_account_in_cache'
    ? 'dead_grant'
    : 'misconfigured'
}

function scopeOf(category: FailureCategory): FailureScope {
  if (category === 'misconfigured') return 'profile'
  return category === 'temporarily_unavailable' ? 'service' : 'account'
}

function judgementOf(
  { transport, msalError }: TokenFailure,
  category: FailureCategory,
  scope: FailureScope,
): ProviderFailure['judgement'] {
  if (transport === 'timeout' || transport === 'connection_lost') return 'unknown'
  if (msalError !== undefined || category === 'misconfigured') return 'not_judged'
  // An agent that was too slow may have counted the password all the same.
  if (category === 'temporarily_unavailable') return scope === 'on_premises' ? 'unknown' : 'not_judged'
  return 'judged'
}

function detailOf({
  grant,
  transport,
  causeCode,
  status,
  oauthError,
  subError,
  msalError,
}: TokenFailure): string {
  return [grant, transport, causeCode, status, oauthError, subError, msalError]
    .filter((part) => part !== undefined)
    .join(' ')
}
