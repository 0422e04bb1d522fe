import type { RefusalStore, StoredRefusals } from '../../src/core/request/refusal-store.ts'

/** A refusal store in memory, for the contract that the real one must keep too. Nothing is sealed here. */
export function createMemoryRefusalStore(now: () => number): RefusalStore {
  const rows = new Map<string, StoredRefusals & { readonly writtenOnTimestamp: number }>()
  let writes = 0
  return {
    read: async (key) => {
      const row = rows.get(key)
      return row && { refusals: row.refusals, etag: row.etag }
    },
    async write(key, refusals, etag) {
      if (rows.get(key)?.etag !== etag) return undefined
      const written = { refusals, etag: `"${++writes}"`, writtenOnTimestamp: now() }
      rows.set(key, written)
      return written.etag
    },
    async remove(key, etag) {
      const row = rows.get(key)
      if (row && row.etag !== etag) return false
      rows.delete(key)
      return true
    },
    async prune(beforeTimestamp) {
      const old = [...rows].filter(([, row]) => row.writtenOnTimestamp < beforeTimestamp)
      for (const [key] of old) rows.delete(key)
      return old.length
    },
  }
}
