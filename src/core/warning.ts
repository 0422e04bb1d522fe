export type WarningCode =
  | 'token_store_unavailable'
  | 'token_not_stored'
  | 'token_too_large_to_store'
  | 'stored_token_unreadable'
  | 'identity_provider_unavailable'
  | 'refusals_not_shared'

/** What is degraded although there is a token. The sentences for the caller are in http/. */
export interface Warning {
  readonly code: WarningCode
  /** For the log alone. */
  readonly detail?: string | undefined
}
