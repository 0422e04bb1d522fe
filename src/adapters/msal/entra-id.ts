import { AuthError, ConfidentialClientApplication, type AuthenticationResult } from '@azure/msal-node'
import type { ClientProfile } from '../../core/client-profile.ts'
import type { Acquired, IdentityProvider, Persist } from '../../core/provider/identity-provider.ts'
import { IdentityProviderError } from '../../core/provider/provider-failure.ts'
import { cachedTokenOf, withoutAccessTokens } from './cached-token.ts'
import { createClientApplication, type ResolveAssertion } from './client-application.ts'
import { createEntryCachePlugin } from './entry-cache-plugin.ts'
import { createTokenEndpointClient } from './token-endpoint-client.ts'
import { createTokenEndpointTransport } from './token-endpoint-transport.ts'
import { providerFailureOf, type TokenFailure } from './token-failure.ts'

export interface EntraIdOptions {
  /** Time limit of one call. */
  readonly timeoutInMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly resolveAssertion: ResolveAssertion
}

type Application = ReturnType<typeof createClientApplication>

/** Microsoft Entra ID through MSAL for Node: one application object per operation, bound to one entry. */
export function createEntraId({ timeoutInMs, now, resolveAssertion }: EntraIdOptions): IdentityProvider {
  const transport = createTokenEndpointTransport(timeoutInMs)

  async function acquire(
    grant: TokenFailure['grant'],
    profile: ClientProfile,
    cache: { readonly serialized: string | undefined; readonly persist: Persist },
    ask: (application: Application) => Promise<AuthenticationResult | null>,
  ): Promise<Acquired> {
    const client = createTokenEndpointClient(transport, now)
    const { plugin, outcome } = createEntryCachePlugin(cache.serialized, cache.persist)
    const failed = (failure: Omit<TokenFailure, 'grant'>) =>
      new IdentityProviderError(providerFailureOf({ grant, ...failure }))
    try {
      const result = await ask(createClientApplication(profile, plugin, client, resolveAssertion))
      if (!result?.accessToken || !result.expiresOn) throw failed({ transport: 'invalid_answer' })
      return {
        token: {
          value: result.accessToken,
          acquiredOnTimestamp: now(),
          expiresOnTimestamp: result.expiresOn.getTime(),
        },
        stored: outcome(),
      }
    } catch (error) {
      if (client.failure) throw failed(client.failure)
      if (error instanceof AuthError) throw failed({ msalError: error.errorCode })
      throw error
    }
  }

  return {
    cachedTokenOf,
    acquireByPassword: (profile, { username, password }, persist, correlationId) =>
      acquire('password', profile, { serialized: undefined, persist }, (application) =>
        application.acquireTokenByUsernamePassword({
          scopes: [...profile.scopes],
          username,
          password,
          correlationId,
        }),
      ),
    acquireByRefreshToken: (profile, serialized, persist, correlationId) =>
      acquire(
        'refresh_token',
        profile,
        { serialized: withoutAccessTokens(serialized), persist },
        async (application) => {
          const [account] = await application.getTokenCache().getAllAccounts()
          if (!account) throw new AuthError('no_account_in_cache', '')
          return application.acquireTokenSilent({
            account,
            scopes: [...profile.scopes],
            forceRefresh: true,
            correlationId,
          })
        },
      ),
    acquireByClientCredentials: (profile, persist, correlationId) =>
      acquire('client_credentials', profile, { serialized: undefined, persist }, async (application) => {
        if (!(application instanceof ConfidentialClientApplication)) throw new AuthError('public_client', '')
        return application.acquireTokenByClientCredential({
          scopes: [...profile.scopes],
          // There is no account, so nothing to acquire silently: the entry is the cache.
          skipCache: true,
          correlationId,
        })
      }),
  }
}
