import type { TokenCredential } from '@azure/identity'
import { withinTime } from '../../time-limit.ts'

/** The platform's identity endpoint did not answer in time. */
class CredentialTimeoutError extends Error {
  override readonly name = 'CredentialTimeoutError'
}

/**
 * The same credential with a time limit. `@azure/identity` takes an abort signal and does not obey it while the managed-identity
 * endpoint hangs, so without this the limits of the Azure SDKs would not hold.
 */
export function withTimeLimit(credential: TokenCredential, timeoutInMs: number): TokenCredential {
  return {
    getToken: (scopes, options) =>
      withinTime(credential.getToken(scopes, options), timeoutInMs, () => new CredentialTimeoutError()),
  }
}
