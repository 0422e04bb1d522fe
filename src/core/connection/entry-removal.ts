import { BrokerError } from '../broker-error.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { readable } from './connection-lookup.ts'

/** Between the read and the removal somebody may have written. */
const ATTEMPTS = 4

/**
 * Removes the tokens of a connection, whoever writes them meanwhile; an absent entry is no error.
 *
 * @throws {BrokerError} `temporarily_unavailable`
 */
export type RemoveEntry = (id: string) => Promise<void>

export function createRemoveEntry({
  entries,
  writer,
}: {
  readonly entries: TokenEntryStore
  readonly writer: EntryWriter
}): RemoveEntry {
  return async (id) => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await readable(entries.read(id))
      if (!entry || (await readable(writer.forget(id, entry.etag)))) return
    }
    throw new BrokerError('temporarily_unavailable', { logDetail: 'the entry is being written' })
  }
}
