export type WarningCode =
  | 'token_store_unavailable'
  | 'token_not_stored'
  | 'token_too_large_to_store'
  | 'stored_token_unreadable'
  | 'identity_provider_unavailable'

/** What is degraded although there is a token. The sentences for the caller are in http/. */
export interface Warning {
  readonly code: WarningCode
  /** For the log alone. */
  readonly detail?: string | undefined
}

/** What a fault may say of itself in a log: its class, its status and its code, which are constants. Never its message. */
export function faultDetailOf(fault: unknown): string {
  const { name, statusCode, code } = Object(fault) as { name?: unknown; statusCode?: unknown; code?: unknown }
  return [name, statusCode, code]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join(' ')
}
