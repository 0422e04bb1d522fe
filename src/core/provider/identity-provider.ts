import type { AccessToken } from '../access-token.ts'
import type { ClientProfile } from '../client-profile.ts'
import type { EntraFailure } from './entra-failure.ts'

/** The serialized MSAL cache of one user of one profile, as one acquisition sees it. */
export interface CacheSlot {
  /** What was stored, or `undefined` to start from an empty cache. */
  readonly serializedCache: string | undefined
  /** Keeps the changed cache. Never rejects: a token that was acquired must not be lost to a storage fault. */
  save(serializedCache: string): Promise<void>
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Microsoft Entra ID, as the broker uses it. Both acquisitions throw {@link IdentityProviderError}. */
export interface IdentityProvider {
  acquireByPassword(
    profile: ClientProfile,
    credentials: Credentials,
    slot: CacheSlot,
    correlationId: string,
  ): Promise<AccessToken>
  /** Uses the refresh token in the slot, whatever is left of the access token. */
  acquireByRefreshToken(profile: ClientProfile, slot: CacheSlot, correlationId: string): Promise<AccessToken>
  /** The access token in a serialized cache; never calls the network. */
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
}

/** An acquisition failed. Carries what classifies the failure, and nothing that the identity provider wrote. */
export class IdentityProviderError extends Error {
  override readonly name = 'IdentityProviderError'
  readonly failure: EntraFailure
  constructor(failure: EntraFailure) {
    super('the identity provider gave no token')
    this.failure = failure
  }
}
