import { LRUCache } from 'lru-cache'
import type { AddHint } from './entry-hint.ts'
import { isLeased, type StoredTokenEntry, type TokenEntry } from './token-entry.ts'
import { EntryTooLargeError, type TokenEntryStore } from './token-entry-store.ts'

const MAX_UNSAVED = 500

/** An entry that could not be written, and the row that it was to replace. */
interface Unsaved {
  readonly entry: TokenEntry
  readonly lastUsedTimestamp: number
  readonly etag: string | undefined
}

export interface UnsavedEntries extends TokenEntryStore {
  /** Writes what could not be written before. Never rejects. */
  retry(): Promise<void>
}

export interface UnsavedEntriesOptions {
  readonly addHint: AddHint
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly leaseInMs: number
}

/**
 * The same store, which remembers in this process what it could not write: a row that an unwritten entry should have replaced
 * is overtaken, so that a retired password does not open it. Each read of the entry tries to write it again.
 */
export function withUnsavedEntries(
  store: TokenEntryStore,
  { addHint, now, leaseInMs }: UnsavedEntriesOptions,
): UnsavedEntries {
  const unsaved = new LRUCache<string, Unsaved>({ max: MAX_UNSAVED })

  async function read(key: string): Promise<StoredTokenEntry | undefined> {
    const pending = unsaved.get(key)
    if (!pending) return store.read(key)
    const row = await store.read(key).catch(() => 'down' as const)
    if (row === 'down') return asStored(pending)
    if (!isOvertaken(row, pending)) {
      unsaved.delete(key)
      return row
    }
    // Written now it would end the lease, and two instances would refresh at once. It is tried again when the lease is over.
    if (row && isLeased(row, now(), leaseInMs)) return asStored(pending, row)
    await addHint(key, pending.entry.serializedCache)
    const etag = await store
      .write(key, pending.entry, pending.lastUsedTimestamp, row?.etag)
      .catch(() => undefined)
    if (etag !== undefined) unsaved.delete(key)
    return asStored(pending, etag === undefined ? row : { etag })
  }

  return {
    read,
    async write(key, entry, lastUsedTimestamp, etag) {
      try {
        const written = await store.write(key, entry, lastUsedTimestamp, etag)
        if (written !== undefined) unsaved.delete(key)
        return written
      } catch (error) {
        if (!(error instanceof EntryTooLargeError)) unsaved.set(key, { entry, lastUsedTimestamp, etag })
        throw error
      }
    },
    mark: (key, marks, etag) => store.mark(key, marks, etag),
    async remove(key, etag) {
      unsaved.delete(key)
      return store.remove(key, etag)
    },
    list: (pageSize, next) => store.list(pageSize, next),
    async retry() {
      await Promise.allSettled([...unsaved.keys()].map((key) => read(key)))
    },
  }
}

/** Somebody else's later password stands, and so do tokens that somebody else has stored since. */
function isOvertaken(row: StoredTokenEntry | undefined, { entry, etag }: Unsaved): boolean {
  // Its connection may have been deleted meanwhile. What is lost can be had again, and whoever signed in was told.
  if (!row) return entry.renewal === 'password'
  if (!row.entry || row.etag === etag) return true
  return row.entry.verifiedOnTimestamp < entry.verifiedOnTimestamp
}

function asStored(
  { entry, lastUsedTimestamp }: Unsaved,
  row: Partial<StoredTokenEntry> = {},
): StoredTokenEntry {
  const { etag = NOT_A_ROW, leasedUntilTimestamp = 0 } = row
  return { entry, lastUsedTimestamp, leasedUntilTimestamp, failures: 0, etag }
}

/** No row has it: what is written with it changes nothing. */
const NOT_A_ROW = 'unsaved'
