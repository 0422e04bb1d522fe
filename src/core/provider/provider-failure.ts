import { BrokerError, type BrokerErrorCode } from '../broker-error.ts'

/** A failure's meaning: an answer for the caller, or a refresh token that has no future. */
export const FAILURE_CATEGORIES = [
  'invalid_credentials',
  'account_locked',
  'password_change_required',
  'account_disabled',
  'interaction_required',
  'policy_blocked',
  'consent_required',
  'misconfigured',
  'temporarily_unavailable',
  'dead_grant',
] as const satisfies (BrokerErrorCode | 'dead_grant')[]

export type FailureCategory = (typeof FAILURE_CATEGORIES)[number]

/**
 * Whose a failure is, and so what there is to pause: nobody else may suffer for it.
 * - `account`: this account alone, and whatever a caller could provoke with a user name of his choice.
 * - `on_premises`: the pass-through agents or the Active Directory behind them.
 * - `profile`: the app registration, its credential, the tenant or the resource.
 * - `service`: the identity provider itself.
 */
export type FailureScope = 'account' | 'on_premises' | 'profile' | 'service'

/** Why an acquisition gave no token. No free text: the identity provider's descriptions name users. */
export interface ProviderFailure {
  readonly category: FailureCategory
  readonly scope: FailureScope
  /**
   * What became of the password or refresh token that was sent.
   * - `judged`: the identity provider looked at it.
   * - `not_judged`: it certainly did not.
   * - `unknown`: the answer was lost.
   */
  readonly judgement: 'judged' | 'not_judged' | 'unknown'
  /** Nobody was asked: the identity provider is being left alone. */
  readonly isHeldBack: boolean
  readonly retryAfterInMs?: number | undefined
  /** The number behind `AADSTS`, to show. */
  readonly aadsts?: number | undefined
  /** Constants that tell causes apart, for the log. */
  readonly detail: string
}

/** An acquisition failed. Carries what classifies the failure, and nothing that the identity provider wrote. */
export class IdentityProviderError extends Error {
  override readonly name = 'IdentityProviderError'
  readonly failure: ProviderFailure
  constructor(failure: ProviderFailure) {
    super('the identity provider gave no token')
    this.failure = failure
  }
}

/** What a caller may know of a failure. */
export function brokerErrorOf(
  {
    category,
    aadsts,
    retryAfterInMs,
    detail,
  }: Pick<ProviderFailure, 'category' | 'aadsts' | 'retryAfterInMs' | 'detail'>,
  correlationId?: string,
): BrokerError {
  return new BrokerError(category === 'dead_grant' ? 'misconfigured' : category, {
    aadsts,
    retryAfterInMs,
    correlationId,
    logDetail: detail,
  })
}
