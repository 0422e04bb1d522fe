import type { EntryMarks, StoredTokenEntry } from '../../src/core/entry/token-entry.ts'
import { EntryTooLargeError, type TokenEntryStore } from '../../src/core/entry/token-entry-store.ts'

/** A token entry store in memory, for the contract that the real one must keep too. Nothing is sealed here. */
export function createMemoryEntryStore(maxSizeInBytes = 900 * 1024): TokenEntryStore {
  const rows = new Map<string, StoredTokenEntry>()
  let writes = 0
  const put = (key: string, row: Omit<StoredTokenEntry, 'etag'>) => {
    const etag = `"${++writes}"`
    rows.set(key, { ...row, etag })
    return etag
  }
  return {
    read: async (key) => rows.get(key),
    async write(key, entry, lastUsedTimestamp, etag) {
      const size = Buffer.byteLength(JSON.stringify(entry))
      if (size > maxSizeInBytes) throw new EntryTooLargeError(size, maxSizeInBytes)
      if (rows.get(key)?.etag !== etag) return undefined
      return put(key, { entry, lastUsedTimestamp, leasedUntilTimestamp: 0, failures: 0 })
    },
    async mark(key, marks: Partial<EntryMarks>, etag) {
      const row = rows.get(key)
      return row && row.etag === etag ? put(key, { ...row, ...marks }) : undefined
    },
    async list(pageSize, next) {
      const keys = [...rows.keys()].toSorted()
      const from = next === undefined ? 0 : keys.findIndex((key) => key > next)
      const page = from < 0 ? [] : keys.slice(from, from + pageSize)
      const last = page.at(-1)
      return {
        entries: page.flatMap((key) => {
          const row = rows.get(key)
          return row ? [{ key, ...row }] : []
        }),
        next: last !== undefined && last !== keys.at(-1) ? last : undefined,
      }
    },
    async remove(key, etag) {
      const row = rows.get(key)
      if (row && row.etag !== etag) return false
      rows.delete(key)
      return true
    },
  }
}
