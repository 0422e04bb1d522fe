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

/** The request of RFC 6749, section 4.1.1, with PKCE (RFC 7636) and a nonce. */
export interface SignInRequest {
  readonly url: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

export interface SignInAnswer extends Pick<SignInRequest, 'nonce' | 'codeVerifier'> {
  readonly code: string
  readonly redirectUri: string
}

/** Who signed in, by the identity provider's word, and what came of it. */
export interface SignedIn {
  readonly account: {
    readonly tenantId: string
    readonly objectId: string
    readonly username: string
  }
  /** With a refresh token. */
  readonly serializedCache: string
}

/** Microsoft Entra ID, as the broker uses it. All acquisitions throw {@link IdentityProviderError}, and call `persist`, if they have it, at most once. */
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
  /** Where a person signs in, and what the answer must agree with. Never calls the network. */
  beginSignIn(profile: ClientProfile, redirectUri: string): Promise<SignInRequest>
  /** Redeems the code of a sign-in, from an empty cache. Nothing is stored. */
  acquireByCode(profile: ClientProfile, answer: SignInAnswer, correlationId: string): Promise<SignedIn>
  /** The application's own token, asked for anew each time. */
  acquireByClientCredentials(
    profile: ClientProfile,
    persist: Persist,
    correlationId: string,
  ): Promise<Acquired>
  /** The access token in a serialized cache; never calls the network. */
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
}
