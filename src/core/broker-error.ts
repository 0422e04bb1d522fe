/** Everything that can be wrong with a request or its surroundings, as a caller needs to tell it apart. */
export type BrokerErrorCode =
  | 'invalid_request'
  | 'method_not_allowed'
  | 'request_too_large'
  | 'unsupported_media_type'
  | 'unknown_client'
  | 'not_found'
  | 'unsupported_grant_type'
  | 'credentials_missing'
  | 'conflict'
  | 'invalid_credentials'
  | 'account_locked'
  | 'password_change_required'
  | 'account_disabled'
  | 'interaction_required'
  | 'policy_blocked'
  | 'consent_required'
  | 'misconfigured'
  | 'temporarily_unavailable'
  | 'too_many_requests'
  | 'deadline_exceeded'
  | 'internal_error'

export interface BrokerErrorDetails {
  /** What happened, for the caller. Absent: the code's own sentence. */
  description?: string | undefined
  /** What to do, for the caller. Absent: the sentence of the AADSTS code, or of the broker's code. */
  remedy?: string | undefined
  /** The number behind `AADSTS` in Entra ID's answer. */
  aadsts?: number | undefined
  retryAfterInMs?: number | undefined
  /** The id that Entra ID knows the failure by: that of the request which others may have joined. */
  correlationId?: string | undefined
  /** For the log alone: names of secrets, fields, settings and failures; never a value. */
  logDetail?: string | undefined
  /** Keyed hash that names the user of the profile, for the log. */
  entryKey?: string | undefined
  /** The connection's name, for the log. */
  connection?: string | undefined
  cause?: unknown
}

/** The one error that crosses from the core to a trigger. `cause` is never shown and never logged. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: BrokerErrorCode
  readonly details: Omit<BrokerErrorDetails, 'cause'>

  constructor(code: BrokerErrorCode, { cause, ...details }: BrokerErrorDetails = {}) {
    super(details.description ?? code, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }

  /** The same error, saying whose entry it is about. */
  about(entryKey: string, connection?: string): BrokerError {
    return new BrokerError(this.code, { ...this.details, entryKey, connection, cause: this.cause })
  }
}
