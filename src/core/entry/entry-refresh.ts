import type { ClientProfile } from '../client-profile.ts'
import type { Acquired, IdentityProvider } from '../provider/identity-provider.ts'
import type { Pauses } from '../provider/pauses.ts'
import { IdentityProviderError, type ProviderFailure } from '../provider/provider-failure.ts'
import { deadGrantOf } from './dead-grant.ts'
import type { EntryWriter } from './entry-writer.ts'
import { isLeased, type DeadGrant, type OpenedEntry, type StoredTokenEntry } from './token-entry.ts'
import type { TokenEntryStore } from './token-entry-store.ts'

const POLL_EVERY_MS = 100
/** A refresh takes Entra ID about 300 ms; an instance that has not finished by now has probably died. */
const MAX_WAIT_IN_MS = 3_000

export type RefreshOutcome =
  | ({ readonly kind: 'refreshed' } & Acquired)
  /** Another instance is at it, or has changed the entry since it was read. */
  | { readonly kind: 'busy' }
  /** `etag` is the entry's own after the failure was noted, `undefined` when somebody else has changed it. */
  | {
      readonly kind: 'failed'
      readonly failure: ProviderFailure
      readonly etag: string | undefined
      /** What died with it: nobody need ask again today. */
      readonly dead?: DeadGrant | undefined
    }

export interface RefreshOptions {
  readonly lastUsedTimestamp: number
  readonly correlationId: string
  /** Whether to reject when the store cannot grant the lease, rather than to refresh without. */
  readonly mustLease: boolean
}

/** Renews entries without their passwords, one instance at a time. */
export interface EntryRefresh {
  refresh(
    key: string,
    stored: OpenedEntry,
    profile: ClientProfile,
    options: RefreshOptions,
  ): Promise<RefreshOutcome>
  /** Waits for the instance that refreshes the entry. @returns the entry when it is done, `undefined` when it takes too long. */
  waitForOther(key: string): Promise<StoredTokenEntry | undefined>
}

export interface EntryRefreshOptions {
  readonly store: TokenEntryStore
  readonly writer: EntryWriter
  readonly identityProvider: IdentityProvider
  readonly pauses: Pauses
  /** Longer than a call to Entra ID and the write after it; an instance that died holds an entry no longer than this. */
  readonly leaseInMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly delay: (timeInMs: number) => Promise<void>
}

export function createEntryRefresh(options: EntryRefreshOptions): EntryRefresh {
  const { store, writer, identityProvider, pauses, leaseInMs, now, delay } = options

  /** The lease is for thrift, not for safety: to a caller who waits, refreshing twice beats not refreshing. */
  async function lease(key: string, stored: OpenedEntry, mustLease: boolean) {
    if (isLeased(stored, now(), leaseInMs)) return undefined
    try {
      return await writer.lease(key, stored, now() + leaseInMs)
    } catch (error) {
      if (mustLease) throw error
      return stored
    }
  }

  return {
    async refresh(key, stored, profile, { lastUsedTimestamp, correlationId, mustLease }) {
      const account = { profile, entryKey: key }
      // Before the lease: what is not asked costs no write.
      const held = pauses.heldBack(account)
      if (held) return { kind: 'failed', failure: held, etag: stored.etag }
      const leased = await lease(key, stored, mustLease)
      if (!leased) return { kind: 'busy' }
      const persist = writer.persistRefresh(key, leased, profile, lastUsedTimestamp)
      const { serializedCache, renewal } = leased.entry
      try {
        const acquired = await pauses.run(account, () =>
          renewal === 'ask_again'
            ? identityProvider.acquireByClientCredentials(profile, persist, correlationId)
            : identityProvider.acquireByRefreshToken(profile, serializedCache, persist, correlationId),
        )
        return { kind: 'refreshed', ...acquired }
      } catch (error) {
        const failure = error instanceof IdentityProviderError ? error.failure : undefined
        const failures = stored.failures + (failure?.isHeldBack ? 0 : 1)
        const dead = failure && deadGrantOf(stored, failure, now())
        const etag = await writer.release(key, leased.etag, { failures, ...(dead && { dead }) })
        if (!failure) throw error
        return { kind: 'failed', failure, etag, ...(dead && { dead }) }
      }
    },

    async waitForOther(key) {
      const endTimestamp = now() + MAX_WAIT_IN_MS
      for (let polls = 0; polls < MAX_WAIT_IN_MS / POLL_EVERY_MS && now() < endTimestamp; polls++) {
        await delay(POLL_EVERY_MS)
        const stored = await store.read(key).catch(() => undefined)
        if (!stored || !isLeased(stored, now(), leaseInMs)) return stored
      }
      return undefined
    },
  }
}
