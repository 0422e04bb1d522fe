import type { EntryWriter } from '../entry/entry-writer.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { openedOf, readable } from './connection-lookup.ts'
import type { ConnectionStore } from './connection-store.ts'
import type { NamedConnection } from './connection.ts'

/**
 * Removes the tokens that were stored for a connection while somebody deleted it. Deleting removes the connection first and its
 * entry last, so whoever stores and then looks for the connection leaves nothing behind.
 *
 * @returns whether the connection is gone.
 * @throws {BrokerError} `temporarily_unavailable`.
 */
export type RemoveOrphanedEntry = (connection: Pick<NamedConnection, 'id' | 'name'>) => Promise<boolean>

export interface OrphanedEntryOptions {
  readonly store: ConnectionStore
  readonly entries: TokenEntryStore
  readonly writer: EntryWriter
}

export function createRemoveOrphanedEntry({
  store,
  entries,
  writer,
}: OrphanedEntryOptions): RemoveOrphanedEntry {
  return async ({ id, name }) => {
    const stored = await readable(store.read(name))
    if (stored && openedOf(stored).id === id) return false
    const entry = await readable(entries.read(id))
    if (entry) await readable(writer.forget(id, entry.etag))
    return true
  }
}
