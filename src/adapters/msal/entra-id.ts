import {
  AuthError,
  ConfidentialClientApplication,
  CryptoProvider,
  type AuthenticationResult,
  type ICachePlugin,
} from '@azure/msal-node'
import * as z from 'zod'
import type { ClientProfile } from '../../core/client-profile.ts'
import type { Acquired, IdentityProvider, Persist, SignedIn } from '../../core/provider/identity-provider.ts'
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
  const cryptoProvider = new CryptoProvider()

  /** One operation of MSAL's, whose failures are the core's. */
  async function ask<T>(
    grant: TokenFailure['grant'],
    profile: ClientProfile,
    cachePlugin: ICachePlugin | undefined,
    operation: (application: Application) => Promise<T>,
  ): Promise<T> {
    const client = createTokenEndpointClient(transport, now)
    const failed = (failure: Omit<TokenFailure, 'grant'>) =>
      new IdentityProviderError(providerFailureOf({ grant, ...failure }))
    try {
      return await operation(createClientApplication(profile, cachePlugin, client, resolveAssertion))
    } catch (error) {
      if (client.failure) throw failed(client.failure)
      if (error instanceof AuthError) throw failed({ msalError: error.errorCode })
      throw error
    }
  }

  async function acquire(
    grant: TokenFailure['grant'],
    profile: ClientProfile,
    cache: { readonly serialized: string | undefined; readonly persist: Persist },
    operation: (application: Application) => Promise<AuthenticationResult | null>,
  ): Promise<Acquired> {
    const { plugin, outcome } = createEntryCachePlugin(cache.serialized, cache.persist)
    const result = await ask(grant, profile, plugin, operation)
    if (!result?.accessToken || !result.expiresOn) throw invalidAnswer(grant)
    return {
      token: {
        value: result.accessToken,
        acquiredOnTimestamp: now(),
        expiresOnTimestamp: result.expiresOn.getTime(),
      },
      stored: outcome(),
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
    async beginSignIn(profile, redirectUri) {
      const { verifier: codeVerifier, challenge } = await cryptoProvider.generatePkceCodes()
      const [state, nonce] = [cryptoProvider.createNewGuid(), cryptoProvider.createNewGuid()]
      const url = await ask('authorization_code', profile, undefined, (application) =>
        application.getAuthCodeUrl({
          scopes: [...profile.scopes],
          redirectUri,
          // A code in an address would be in the browser's history and in logs.
          responseMode: 'form_post',
          state,
          nonce,
          codeChallenge: challenge,
          codeChallengeMethod: 'S256',
          // Entra ID refuses it together with a hint at the account, says MSAL; the page has named the account.
          prompt: 'select_account',
        }),
      )
      return { url, state, nonce, codeVerifier }
    },
    acquireByCode: (profile, { code, redirectUri, codeVerifier, nonce }, correlationId) =>
      ask('authorization_code', profile, undefined, async (application) => {
        const result = await application.acquireTokenByCode({
          code,
          redirectUri,
          codeVerifier,
          nonce,
          scopes: [...profile.scopes],
          correlationId,
        })
        return {
          account: accountOf(result.idTokenClaims),
          serializedCache: application.getTokenCache().serialize(),
        }
      }),
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

/** Who signed in, by the claims of an ID token that came straight from the token endpoint (OpenID Connect Core, section 3.1.3.7). */
const idTokenClaims = z.object({
  tid: z.string().min(1),
  oid: z.string().min(1),
  preferred_username: z.string(),
})

function accountOf(claims: unknown): SignedIn['account'] {
  const { data } = idTokenClaims.safeParse(claims)
  if (!data) throw new AuthError('no_account_in_id_token', '')
  return { tenantId: data.tid, objectId: data.oid, username: data.preferred_username }
}

/** MSAL calls it a token, and it is none. */
function invalidAnswer(grant: TokenFailure['grant']): IdentityProviderError {
  return new IdentityProviderError(providerFailureOf({ grant, transport: 'invalid_answer' }))
}
