import { AuthError, type AuthenticationResult } from '@azure/msal-node'
import type { AccessToken } from '../../core/access-token.ts'
import type { ClientProfile } from '../../core/client-profile.ts'
import type { EntraFailure } from '../../core/provider/entra-failure.ts'
import {
  IdentityProviderError,
  type CacheSlot,
  type IdentityProvider,
} from '../../core/provider/identity-provider.ts'
import { cachedTokenOf } from './cached-token.ts'
import { createClientApplication } from './client-application.ts'
import { createEntryCachePlugin } from './entry-cache-plugin.ts'
import { createTokenEndpointClient } from './token-endpoint-client.ts'

export interface EntraIdOptions {
  /** Time limit of one call. */
  readonly timeoutInMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Microsoft Entra ID through MSAL for Node: one application object per operation, bound to one entry. */
export function createEntraId({ timeoutInMs, now }: EntraIdOptions): IdentityProvider {
  async function acquire(
    grant: EntraFailure['grant'],
    profile: ClientProfile,
    slot: CacheSlot,
    ask: (application: ReturnType<typeof createClientApplication>) => Promise<AuthenticationResult | null>,
  ): Promise<AccessToken> {
    const client = createTokenEndpointClient(timeoutInMs, now)
    try {
      const result = await ask(createClientApplication(profile, createEntryCachePlugin(slot), client))
      if (!result?.accessToken || !result.expiresOn) {
        throw new IdentityProviderError({ grant, transport: 'invalid_answer' })
      }
      return { value: result.accessToken, expiresOnTimestamp: result.expiresOn.getTime() }
    } catch (error) {
      if (client.failure) throw new IdentityProviderError({ grant, ...client.failure })
      if (error instanceof AuthError) throw new IdentityProviderError({ grant, msalError: error.errorCode })
      throw error
    }
  }

  return {
    cachedTokenOf,
    acquireByPassword: (profile, { username, password }, slot, correlationId) =>
      acquire('password', profile, slot, (application) =>
        application.acquireTokenByUsernamePassword({
          scopes: [...profile.scopes],
          username,
          password,
          correlationId,
        }),
      ),
    acquireByRefreshToken: (profile, slot, correlationId) =>
      acquire('refresh_token', profile, slot, async (application) => {
        const [account] = await application.getTokenCache().getAllAccounts()
        if (!account)
          throw new IdentityProviderError({ grant: 'refresh_token', msalError: 'no_account_in_cache' })
        return application.acquireTokenSilent({
          account,
          scopes: [...profile.scopes],
          forceRefresh: true,
          correlationId,
        })
      }),
  }
}
