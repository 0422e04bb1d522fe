import type { AccessToken } from '../access-token.ts'
import type { ClientProfile } from '../client-profile.ts'
import type { Warning } from '../warning.ts'

/** What became of a cache that was to be stored. */
export type PersistOutcome =
  | { readonly kind: 'stored' }
  /** Another writer was faster, and what it wrote stands. */
  | { readonly kind: 'overtaken' }
  /** The token is good all the same. */
  | { readonly kind: 'failed'; readonly warning: Warning }

/** Stores MSAL's serialized cache after an acquisition. Never rejects: a token must not be lost to a storage fault. */
export type Persist = (serializedCache: string) => Promise<PersistOutcome>

export interface Acquired {
  readonly token: AccessToken
  readonly stored: PersistOutcome
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Microsoft Entra ID, as the broker uses it. All acquisitions throw {@link IdentityProviderError}, and call `persist` at most once. */
export interface IdentityProvider {
  /** Starts from an empty cache, so that no older refresh token survives. */
  acquireByPassword(
    profile: ClientProfile,
    credentials: Credentials,
    persist: Persist,
    correlationId: string,
  ): Promise<Acquired>
  /** Uses the refresh token in the cache, whatever is left of the access token. */
  acquireByRefreshToken(
    profile: ClientProfile,
    serializedCache: string,
    persist: Persist,
    correlationId: string,
  ): Promise<Acquired>
  /** The application's own token, asked for anew each time. */
  acquireByClientCredentials(
    profile: ClientProfile,
    persist: Persist,
    correlationId: string,
  ): Promise<Acquired>
  /** The access token in a serialized cache; never calls the network. */
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
}
