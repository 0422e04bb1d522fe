import { LRUCache } from 'lru-cache'
import { dueTimestampOf, type AccessToken } from '../access-token.ts'
import { faultDetailOf } from '../fault-detail.ts'
import type { Persist, PersistOutcome } from '../provider/identity-provider.ts'
import type { DueHint, DueIndex } from './due-index.ts'
import type { AddHint } from './entry-hint.ts'
import type { ClientProfile } from '../client-profile.ts'
import type { DeadGrant, OpenedEntry, TokenEntry } from './token-entry.ts'
import { EntryTooLargeError, type TokenEntryStore } from './token-entry-store.ts'

/** How often a new password is written again when other writers get in between. */
const OVERWRITE_ATTEMPTS = 4
const MAX_NOTED = 10_000
const USE_NOTED_EVERY_MS = 3_600_000

export interface EntryWriterOptions {
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  readonly addHint: AddHint
  readonly refreshThresholdInMs: number
}

/** The one writer of entries and of their hints. A hint goes before what it is about, so that a crash in between loses nothing. */
export interface EntryWriter {
  /** What MSAL stores after a refresh. When the entry changed meanwhile, the other writer's tokens stand. */
  persistRefresh(
    key: string,
    stored: OpenedEntry,
    profile: Pick<ClientProfile, 'fingerprint'>,
    lastUsedTimestamp: number,
  ): Persist
  /**
   * What MSAL stores after Entra ID accepted a password, or the client's own credential. It overwrites whatever is there but for
   * an entry that was accepted later: the password that was right last is the one that counts.
   */
  persistAccepted(
    key: string,
    etag: string | undefined,
    entryOf: (serializedCache: string) => Promise<TokenEntry>,
  ): Persist
  /** @returns the entry as it is then, or `undefined` when it changed since it was read. Rejects when the store fails. */
  lease(key: string, stored: OpenedEntry, untilTimestamp: number): Promise<OpenedEntry | undefined>
  /** Ends a lease without new tokens. @returns the new etag, `undefined` when somebody else has changed the entry or the store fails. */
  release(
    key: string,
    etag: string,
    marks: { readonly failures: number; readonly dead?: DeadGrant | undefined },
  ): Promise<string | undefined>
  /** An entry in use is not evicted, and has its hint again if that was lost. Never rejects. */
  noteUse(key: string, stored: OpenedEntry, token: AccessToken, now: number): Promise<void>
  /** The hint is followed again at another time. Rejects when the index fails. */
  postpone(hint: DueHint, dueTimestamp: number): Promise<void>
  /** The hint has done its work. Rejects when the index fails. */
  drop(hint: DueHint): Promise<void>
  /** @returns false when the entry changed since `etag` was read, and stays. Rejects when the store fails. */
  forget(key: string, etag: string): Promise<boolean>
}

export function createEntryWriter(options: EntryWriterOptions): EntryWriter {
  const { store, dueIndex, addHint, refreshThresholdInMs } = options
  /** The due time that the use of an entry was noted with last: once in a process is enough. */
  const noted = new LRUCache<string, number>({ max: MAX_NOTED })

  async function overwrite(
    key: string,
    etagRead: string | undefined,
    entry: TokenEntry,
  ): Promise<PersistOutcome> {
    let etag = etagRead
    for (let attempt = 0; attempt < OVERWRITE_ATTEMPTS; attempt++) {
      if (await store.write(key, entry, entry.verifiedOnTimestamp, etag)) return { kind: 'stored' }
      const current = await store.read(key)
      if (current?.entry && current.entry.verifiedOnTimestamp > entry.verifiedOnTimestamp) {
        return { kind: 'overtaken' }
      }
      etag = current?.etag
    }
    throw new Contention()
  }

  async function hintAgain(key: string, dueTimestamp: number): Promise<void> {
    await dueIndex.add({ entryKey: key, dueTimestamp })
    noted.set(key, dueTimestamp)
  }

  return {
    persistRefresh: (key, stored, { fingerprint }, lastUsedTimestamp) =>
      persisting(async (serializedCache) => {
        await addHint(key, serializedCache)
        const entry = { ...stored.entry, fingerprint, serializedCache }
        const etag = await store.write(key, entry, lastUsedTimestamp, stored.etag)
        return { kind: etag === undefined ? 'overtaken' : 'stored' }
      }),

    persistAccepted: (key, etag, entryOf) =>
      persisting(async (serializedCache) => {
        const [entry] = await Promise.all([entryOf(serializedCache), addHint(key, serializedCache)])
        return overwrite(key, etag, entry)
      }),

    async lease(key, stored, untilTimestamp) {
      const etag = await store.mark(key, { leasedUntilTimestamp: untilTimestamp }, stored.etag)
      return etag === undefined ? undefined : { ...stored, etag, leasedUntilTimestamp: untilTimestamp }
    },

    release: (key, etag, marks) =>
      store.mark(key, { leasedUntilTimestamp: 0, ...marks }, etag).catch(() => undefined),

    async noteUse(key, stored, token, now) {
      const dueTimestamp = dueTimestampOf(token, refreshThresholdInMs)
      // Who holds the lease could not store the new tokens if the row changed meanwhile.
      const isNotable =
        now - stored.lastUsedTimestamp >= USE_NOTED_EVERY_MS && stored.leasedUntilTimestamp <= now
      await Promise.allSettled([
        dueTimestamp > now && noted.get(key) !== dueTimestamp && hintAgain(key, dueTimestamp),
        isNotable && store.mark(key, { lastUsedTimestamp: now }, stored.etag),
      ])
    },

    async postpone(hint, dueTimestamp) {
      if (dueTimestamp === hint.dueTimestamp) return
      await dueIndex.add({ entryKey: hint.entryKey, dueTimestamp })
      await dueIndex.remove(hint)
    },

    drop: (hint) => dueIndex.remove(hint),

    forget: (key, etag) => store.remove(key, etag),
  }
}

/** Other writers were faster every time. */
class Contention extends Error {
  override readonly name = 'Contention'
}

function persisting(write: Persist): Persist {
  return async (serializedCache) => {
    try {
      return await write(serializedCache)
    } catch (error) {
      const code = error instanceof EntryTooLargeError ? 'token_too_large_to_store' : 'token_not_stored'
      return { kind: 'failed', warning: { code, detail: faultDetailOf(error) } }
    }
  }
}
