import type { ConnectionStore, StoredConnection } from '../../src/core/connection/connection-store.ts'

/** A connection store in memory, for the contract that the real one must keep too. Nothing is sealed here. */
export function createMemoryConnectionStore(): ConnectionStore {
  const rows = new Map<string, StoredConnection>()
  const links = new Map<string, string>()
  let writes = 0
  return {
    read: async (name) => rows.get(name),
    async write({ name, ...connection }, etag) {
      if (rows.get(name)?.etag !== etag) return undefined
      const written = `"${++writes}"`
      rows.set(name, { name, connection, etag: written })
      return written
    },
    async remove(name, etag) {
      const row = rows.get(name)
      if (row && row.etag !== etag) return false
      rows.delete(name)
      return true
    },
    async list(pageSize, next) {
      const names = [...rows.keys()].toSorted().filter((name) => next === undefined || name > next)
      const page = names.slice(0, pageSize)
      return {
        connections: page.flatMap((name) => rows.get(name) ?? []),
        next: names.length > pageSize ? page.at(-1) : undefined,
      }
    },
    nameOf: async (secretKey) => links.get(secretKey),
    async link(secretKey, name) {
      links.set(secretKey, name)
    },
    async unlink(secretKey) {
      links.delete(secretKey)
    },
    reseal: async () => 0,
  }
}
