import { BrokerError } from '../core/broker-error.ts'

/** What a body looks like, for remedies. */
export const EXAMPLE_BODY = '{"username": "user@contoso.com", "password": "…"}'

/**
 * A request that is not as it must be. Both sentences go to the caller, and what happened to the log as well: they name fields
 * and headers, never a value.
 */
export function invalidRequest(
  description: string,
  remedy: string,
  code: 'invalid_request' | 'unsupported_media_type' = 'invalid_request',
): BrokerError {
  return new BrokerError(code, { description, remedy, logDetail: description })
}
