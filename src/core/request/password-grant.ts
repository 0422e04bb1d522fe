import { BrokerError } from '../broker-error.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { IdentityProvider } from '../provider/identity-provider.ts'
import { brokerErrorOf, IdentityProviderError } from '../provider/provider-failure.ts'
import type { BrokeredToken, TokenAction } from './brokered-token.ts'
import { acquired, type Inquiry } from './inquiry.ts'
import type { PasswordVerifiers } from './password-verifiers.ts'

export interface PasswordGrantOptions {
  readonly writer: EntryWriter
  readonly identityProvider: IdentityProvider
  readonly verifiers: PasswordVerifiers
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Signs users in with their passwords. Both methods throw {@link BrokerError}. */
export interface PasswordGrant {
  acquire(inquiry: Inquiry, action: TokenAction): Promise<BrokeredToken>
  /** For a password that was accepted before. If it is refused now, it was changed: the entry is forgotten. */
  acquireAgain(inquiry: Inquiry, action: TokenAction): Promise<BrokeredToken>
}

export function createPasswordGrant(options: PasswordGrantOptions): PasswordGrant {
  const { writer, identityProvider, verifiers, now } = options

  async function acquire(inquiry: Inquiry, action: TokenAction): Promise<BrokeredToken> {
    const { request, profile, entryKey, stored } = inquiry
    // When it was sent, not when it was accepted: a slow answer to an old password must not retire a new one.
    const verifiedOnTimestamp = now()
    const persist = writer.persistPassword(entryKey, stored?.etag, async (serializedCache) => ({
      client: profile.name,
      fingerprint: profile.fingerprint,
      verifiedOnTimestamp,
      passwordVerifier: await verifiers.create(request.password),
      serializedCache,
    }))
    const { correlationId } = request
    try {
      const outcome = await identityProvider.acquireByPassword(profile, request, persist, correlationId)
      return acquired(inquiry, outcome, action)
    } catch (error) {
      throw error instanceof IdentityProviderError ? brokerErrorOf(error.failure, correlationId) : error
    }
  }

  return {
    acquire,
    async acquireAgain(inquiry, action) {
      try {
        return await acquire(inquiry, action)
      } catch (error) {
        const isRefused = error instanceof BrokerError && error.code === 'invalid_credentials'
        if (isRefused && inquiry.stored) {
          await writer.forget(inquiry.entryKey, inquiry.stored.etag).catch(() => false)
        }
        throw error
      }
    },
  }
}
