import { BrokerError } from '../broker-error.ts'
import { categoryOf } from './entra-failure.ts'
import type { IdentityProviderError } from './identity-provider.ts'

/** What a caller may know of an acquisition that failed. */
export function acquisitionErrorOf(error: IdentityProviderError, correlationId: string): BrokerError {
  const { failure } = error
  const category = categoryOf(failure)
  return new BrokerError(category === 'dead_grant' ? 'misconfigured' : category, {
    // Telling 50034 (unknown user) from 50126 (wrong password) would tell an attacker who has an account.
    aadsts: category === 'invalid_credentials' ? undefined : failure.aadsts,
    retryAfterInMs: failure.retryAfterInMs,
    correlationId,
    logDetail: [
      failure.grant,
      failure.transport,
      failure.status,
      failure.oauthError,
      failure.subError,
      failure.msalError,
    ]
      .filter((part) => part !== undefined)
      .join(' '),
    cause: error,
  })
}
