import type { TokenCredential } from '@azure/identity'
import { IdentityProviderError } from '../../core/provider/provider-failure.ts'

/** By the host of the authority: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity */
const AUDIENCES: readonly (readonly [host: RegExp, audience: string])[] = [
  [/\.us$/, 'api://AzureADTokenExchangeUSGov'],
  [/\.cn$/, 'api://AzureADTokenExchangeChina'],
]
const PUBLIC_AUDIENCE = 'api://AzureADTokenExchange'

/**
 * The managed identity's token, with which an application proves who it is. No secret, no certificate.
 *
 * @throws {IdentityProviderError} a failure of the profile, which nobody was asked about: the identity gave no token.
 */
export function createFederatedAssertion(
  credential: TokenCredential,
): (authority: string) => Promise<string> {
  return async (authority) => {
    const { hostname } = new URL(authority)
    const audience = AUDIENCES.find(([host]) => host.test(hostname))?.[1] ?? PUBLIC_AUDIENCE
    const token = await credential.getToken(`${audience}/.default`).catch(() => null)
    if (token) return token.token
    throw new IdentityProviderError({
      category: 'temporarily_unavailable',
      scope: 'profile',
      judgement: 'not_judged',
      isHeldBack: false,
      detail: 'managed_identity gave no assertion',
    })
  }
}
