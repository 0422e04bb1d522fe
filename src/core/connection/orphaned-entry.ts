import { openedOf, readable } from './connection-lookup.ts'
import type { ConnectionStore } from './connection-store.ts'
import type { NamedConnection } from './connection.ts'
import type { RemoveEntry } from './entry-removal.ts'

/**
 * Removes the tokens that were stored for a connection while somebody deleted it. Deleting removes the connection first and its
 * entry last, so whoever stores and then looks for the connection leaves nothing behind.
 *
 * @throws {BrokerError} `temporarily_unavailable`.
 */
export type RemoveOrphanedEntry = (connection: Pick<NamedConnection, 'id' | 'name'>) => Promise<void>

export function createRemoveOrphanedEntry(options: {
  readonly store: ConnectionStore
  readonly removeEntry: RemoveEntry
}): RemoveOrphanedEntry {
  return async ({ id, name }) => {
    const stored = await readable(options.store.read(name))
    if (!stored || openedOf(stored).id !== id) await options.removeEntry(id)
  }
}
