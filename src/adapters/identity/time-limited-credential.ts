import type { TokenCredential } from '@azure/identity'

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
    async getToken(scopes, options) {
      let timer: NodeJS.Timeout | undefined
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new CredentialTimeoutError()), timeoutInMs)
      })
      try {
        return await Promise.race([credential.getToken(scopes, options), deadline])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
