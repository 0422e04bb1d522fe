import type { AccessToken } from '../access-token.ts'
import type { DueIndex } from './due-index.ts'
import type { CacheSlot } from '../provider/identity-provider.ts'
import {
  EntryTooLargeError,
  type StoredTokenEntry,
  type TokenEntry,
  type TokenEntryStore,
} from './token-entry.ts'
import { faultDetailOf, type Warning } from '../warning.ts'

/** How often a new password is written again when other writers get in between. */
const OVERWRITE_ATTEMPTS = 4

export interface EntrySlot extends CacheSlot {
  /** What went wrong while saving; the token is good all the same. */
  readonly warnings: readonly Warning[]
  /** Whether the store has it; false as well when another writer was faster. */
  readonly isSaved: boolean
}

export interface EntrySlotParts {
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  readonly refreshThresholdInMs: number
}

/** Makes the slots through which MSAL reads and writes one entry. */
export function createEntrySlots({ store, dueIndex, cachedTokenOf, refreshThresholdInMs }: EntrySlotParts) {
  /**
   * The hint goes first: a crash in between leaves a hint that finds nothing due, never an entry that nobody refreshes.
   * Without the hint the entry is as good, and gets one when it is next asked for.
   */
  async function addHint(entryKey: string, serializedCache: string): Promise<void> {
    const token = cachedTokenOf(serializedCache)
    if (!token) return
    const hint = { entryKey, dueTimestamp: token.expiresOnTimestamp - refreshThresholdInMs }
    await dueIndex.add(hint).catch(() => {})
  }

  return {
    /** For an acquisition by refresh token. When the entry changed meanwhile, the other writer's tokens stand. */
    forRefresh(
      key: string,
      stored: StoredTokenEntry & { entry: TokenEntry },
      lastUsedTimestamp: number,
    ): EntrySlot {
      return slotOf(stored.entry.serializedCache, async (serializedCache) => {
        await addHint(key, serializedCache)
        const entry = { ...stored.entry, serializedCache }
        return (await store.write(key, entry, lastUsedTimestamp, stored.etag)) !== undefined
      })
    },

    /**
     * For an acquisition by password. It starts from an empty cache, so that no older refresh token survives, and it
     * overwrites whatever is there: the password that Entra ID accepted last is the one that counts.
     */
    forPassword(
      key: string,
      etagThen: string | undefined,
      entryOf: (serializedCache: string) => Promise<TokenEntry>,
    ): EntrySlot {
      return slotOf(undefined, async (serializedCache) => {
        const entry = await entryOf(serializedCache)
        await addHint(key, serializedCache)
        let etag = etagThen
        for (let attempt = 0; attempt < OVERWRITE_ATTEMPTS; attempt++) {
          if (await store.write(key, entry, entry.verifiedOnTimestamp, etag)) return true
          const current = await store.read(key)
          if (current?.entry && current.entry.verifiedOnTimestamp > entry.verifiedOnTimestamp) return false
          etag = current?.etag
        }
        throw new Contention()
      })
    },
  }
}

export type EntrySlots = ReturnType<typeof createEntrySlots>

/** Other writers were faster every time. */
class Contention extends Error {
  override readonly name = 'Contention'
}

function slotOf(
  serializedCache: string | undefined,
  write: (serializedCache: string) => Promise<boolean>,
): EntrySlot {
  const warnings: Warning[] = []
  let isSaved = false
  return {
    serializedCache,
    warnings,
    get isSaved() {
      return isSaved
    },
    async save(changedCache) {
      try {
        isSaved = await write(changedCache)
      } catch (error) {
        const code = error instanceof EntryTooLargeError ? 'token_too_large_to_store' : 'token_not_stored'
        warnings.push({ code, detail: faultDetailOf(error) })
      }
    },
  }
}
