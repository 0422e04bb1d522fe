import type { BrokerErrorCode } from '../broker-error.ts'

/** What is known of a failed acquisition. No free text: Entra ID's descriptions name users. */
export interface EntraFailure {
  readonly grant: 'password' | 'refresh_token'
  /** First of `error_codes`. */
  readonly aadsts?: number | undefined
  /** HTTP status of the token endpoint, when it answered. */
  readonly status?: number | undefined
  /** `error` of RFC 6749, section 5.2. */
  readonly oauthError?: string | undefined
  /** Entra ID's `suberror`. */
  readonly subError?: string | undefined
  readonly retryAfterInMs?: number | undefined
  /** Why there is no answer to judge; `held_back`: nobody asked, because the provider wants to be left alone. */
  readonly transport?: 'timeout' | 'unreachable' | 'invalid_answer' | 'held_back' | undefined
  /** MSAL's own error code, when it gave up without asking. */
  readonly msalError?: string | undefined
}

/**
 * AADSTS codes by meaning.
 * Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Codes may change, so what is
 * not listed falls back to the HTTP status and the OAuth error.
 */
const AADSTS_CODES = {
  invalid_credentials: [50126, 50034, 50056, 50064, 51004, 50059, 50128],
  account_locked: [50053],
  password_change_required: [50055, 50144, 50125, 50135, 50142],
  account_disabled: [50057, 50105, 50020],
  interaction_required: [
    16000, 50072, 50074, 50076, 50078, 50079, 50097, 50129, 50131, 50155, 50158, 50161, 50187, 53000, 53001,
    53002, 53004, 53010, 53011,
  ],
  policy_blocked: [53003, 530032, 530034, 530035, 50002, 500021],
  consent_required: [65001, 65004, 90008, 90094, 90095, 650052],
  dead_grant: [50173, 700082, 70008, 70000, 70043, 700084, 50089, 50132, 50133, 9002313],
  misconfigured: [
    700016, 700011, 70001, 70002, 7000112, 7000215, 7000218, 7000222, 700025, 700027, 70011, 700022, 500011,
    50001, 50194, 650056, 650057, 90002, 900144, 90023, 9001023, 50049,
  ],
  temporarily_unavailable: [50033, 50196, 80001, 80002, 80005, 80007, 90006, 90012, 90024, 90033, 90055],
} satisfies Partial<Record<BrokerErrorCode | 'dead_grant', readonly number[]>>

/** A failure's meaning: an answer for the caller, or a refresh token that has no future. */
export type EntraCategory = keyof typeof AADSTS_CODES

const CATEGORY_BY_AADSTS = new Map<number, EntraCategory>(
  Object.entries(AADSTS_CODES).flatMap(([category, codes]) =>
    codes.map((code) => [code, category as EntraCategory] as const),
  ),
)

/** Codes that the table above names, for documents and tests. */
export const knownAadstsCodes: ReadonlyMap<number, EntraCategory> = CATEGORY_BY_AADSTS

/** Entra ID's suberrors of `invalid_grant`. */
const CATEGORY_BY_SUBERROR = new Map<string, EntraCategory>([
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

const CATEGORY_BY_OAUTH_ERROR = new Map<string, EntraCategory>([
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

/** The AADSTS code decides; then the HTTP status; then the OAuth error with its suberror; then MSAL's own word. */
export function categoryOf(failure: EntraFailure): EntraCategory {
  const category = byCode(failure) ?? byStatus(failure) ?? byOAuthError(failure) ?? byMsalError(failure)
  // A password grant has no refresh token to give up: what Entra ID calls a bad grant there is a bad request of ours.
  return category === 'dead_grant' && failure.grant === 'password' ? 'misconfigured' : category
}

function byCode({ aadsts }: EntraFailure): EntraCategory | undefined {
  return aadsts === undefined ? undefined : CATEGORY_BY_AADSTS.get(aadsts)
}

function byStatus({ transport, status }: EntraFailure): EntraCategory | undefined {
  if (transport !== undefined) return 'temporarily_unavailable'
  return status !== undefined && (status === 429 || status >= 500) ? 'temporarily_unavailable' : undefined
}

function byOAuthError({ grant, aadsts, oauthError, subError }: EntraFailure): EntraCategory | undefined {
  if (oauthError === undefined) return undefined
  // 403 is the answer that no caller retries: the safe side for an account that a retry could lock.
  if (oauthError !== 'invalid_grant') return CATEGORY_BY_OAUTH_ERROR.get(oauthError) ?? 'interaction_required'
  const category = CATEGORY_BY_SUBERROR.get(subError ?? '')
  if (category && !(category === 'dead_grant' && grant === 'password')) return category
  if (grant === 'refresh_token') return 'dead_grant'
  // A code we do not know is no proof of a wrong password; without any code it is the RFC's meaning.
  return aadsts === undefined ? 'invalid_credentials' : 'interaction_required'
}

function byMsalError({ msalError }: EntraFailure): EntraCategory {
  return msalError === 'no_tokens_found' || msalError === 'no_account_in_cache'
    ? 'dead_grant'
    : 'misconfigured'
}
