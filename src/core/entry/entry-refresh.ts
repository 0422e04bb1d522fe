import type { AccessToken } from '../access-token.ts'
import type { ClientProfile } from '../client-profile.ts'
import type { EntrySlots } from './entry-writer.ts'
import { IdentityProviderError, type IdentityProvider } from '../provider/identity-provider.ts'
import type { StoredTokenEntry, TokenEntry, TokenEntryStore } from './token-entry.ts'
import type { Warning } from '../warning.ts'

/** An entry that could be opened. */
export type OpenedEntry = StoredTokenEntry & { readonly entry: TokenEntry }

export type RefreshOutcome =
  | {
      readonly kind: 'refreshed'
      readonly token: AccessToken
      /** False when the token is lost to other instances: the store failed, or another writer was faster. */
      readonly isStored: boolean
      readonly warnings: readonly Warning[]
    }
  /** Another instance is at it, or has changed the entry since it was read. */
  | { readonly kind: 'busy' }
  /** `etag` is the entry's own after the failure was noted, `undefined` when somebody else has changed it. */
  | {
      readonly kind: 'failed'
      readonly error: IdentityProviderError
      readonly etag: string | undefined
    }

export interface EntryRefreshParts {
  readonly store: TokenEntryStore
  readonly slots: EntrySlots
  readonly identityProvider: IdentityProvider
  /** Longer than a call to Entra ID and the write after it; an instance that died holds an entry no longer than this. */
  readonly leaseInMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Refreshes one entry with its refresh token, one instance at a time. */
export type EntryRefresh = (
  key: string,
  stored: OpenedEntry,
  profile: ClientProfile,
  options: {
    readonly lastUsedTimestamp: number
    readonly correlationId: string
    /** Whether to reject when the store cannot grant the lease, rather than to refresh without. */
    readonly mustLease: boolean
  },
) => Promise<RefreshOutcome>

export function createEntryRefresh(parts: EntryRefreshParts): EntryRefresh {
  const { store, slots, identityProvider, now } = parts

  /** The lease is for thrift, not for safety: to a caller who waits, refreshing twice beats not refreshing. */
  async function lease(
    key: string,
    stored: OpenedEntry,
    mustLease: boolean,
  ): Promise<OpenedEntry | undefined> {
    if (stored.leasedUntilTimestamp > now()) return undefined
    try {
      const etag = await store.mark(key, { leasedUntilTimestamp: now() + parts.leaseInMs }, stored.etag)
      return etag === undefined ? undefined : { ...stored, etag }
    } catch (error) {
      if (mustLease) throw error
      return stored
    }
  }

  return async (key, stored, profile, { lastUsedTimestamp, correlationId, mustLease }) => {
    const leased = await lease(key, stored, mustLease)
    if (!leased) return { kind: 'busy' }
    const slot = slots.forRefresh(key, leased, lastUsedTimestamp)
    try {
      const token = await identityProvider.acquireByRefreshToken(profile, slot, correlationId)
      return { kind: 'refreshed', token, isStored: slot.isSaved, warnings: slot.warnings }
    } catch (error) {
      const isHeldBack = error instanceof IdentityProviderError && error.failure.transport === 'held_back'
      const marks = { leasedUntilTimestamp: 0, failures: stored.failures + (isHeldBack ? 0 : 1) }
      const etag = await store.mark(key, marks, leased.etag).catch(() => undefined)
      if (error instanceof IdentityProviderError) return { kind: 'failed', error, etag }
      throw error
    }
  }
}
