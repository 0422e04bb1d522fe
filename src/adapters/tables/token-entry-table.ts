import type { Edm, TableClient } from '@azure/data-tables'
import * as z from 'zod'
import type { EntryMarks, StoredTokenEntry, TokenEntry } from '../../core/entry/token-entry.ts'
import { EntryTooLargeError, type TokenEntryStore } from '../../core/entry/token-entry-store.ts'
import { EnvelopeError, keyIdOf, open, seal, type SealingKey } from '../../crypto/envelope.ts'
import { bytesOfChunkedProperty, chunkedPropertyOf, MAX_CHUNKED_IN_BYTES } from './chunked-property.ts'
import { isAbsent, isConflict } from './table-fault.ts'

/** The keys that entries are sealed with. Both methods reject when the vault fails and nothing is held. */
export interface KeyRing {
  /** For writing. */
  current(): Promise<SealingKey>
  /** For reading; `undefined` when there is no such key any more. */
  byId(id: string): Promise<SealingKey | undefined>
}

/** What is inside the seal. */
const payloadSchema = z.object({
  client: z.string(),
  fingerprint: z.string(),
  passwordVerifier: z.string(),
  verifiedOnTimestamp: z.number(),
  serializedCache: z.string(),
})

/** Clear properties: times and counts, so that changing one needs no key. */
const marksSchema = z.object({
  lastUsedTimestamp: z.coerce.number().catch(0),
  leasedUntilTimestamp: z.coerce.number().catch(0),
  failures: z.coerce.number().catch(0),
})

/** An entry is one row: partition key = the entry's key. Its row key is constant. */
const ROW_KEY = 'entry'
const PROPERTY = 'Sealed'

export interface TokenEntryTableOptions {
  readonly table: TableClient
  readonly keyRing: KeyRing
  /** Time limit of one operation, retries included. */
  readonly timeoutInMs: number
}

/** Entries in Table Storage, each sealed so that it opens in its own row alone. */
export function createTokenEntryTable({
  table,
  keyRing,
  timeoutInMs,
}: TokenEntryTableOptions): TokenEntryStore {
  const limited = () => ({ abortSignal: AbortSignal.timeout(timeoutInMs) })
  const associatedDataOf = (key: string) => [table.tableName, key, ROW_KEY].join('\n')

  async function unsealed(key: string, envelope: Uint8Array): Promise<TokenEntry | undefined> {
    try {
      const sealingKey = await keyRing.byId(keyIdOf(envelope))
      if (!sealingKey) return undefined
      const payload = Buffer.from(open(sealingKey, envelope, associatedDataOf(key))).toString()
      return payloadSchema.safeParse(JSON.parse(payload)).data
    } catch (error) {
      if (error instanceof EnvelopeError || error instanceof SyntaxError) return undefined
      throw error
    }
  }

  async function read(key: string): Promise<StoredTokenEntry | undefined> {
    const [row] = await Promise.all([
      table.getEntity(key, ROW_KEY, limited()).catch(undefinedIfAbsent),
      // A missing or malformed key must be told now, not found out when a token was acquired and cannot be kept.
      keyRing.current(),
    ])
    if (!row) return undefined
    const entry = await unsealed(key, bytesOfChunkedProperty(PROPERTY, row))
    return { entry, etag: row.etag, ...marksSchema.parse(row) }
  }

  async function write(
    key: string,
    entry: TokenEntry,
    lastUsedTimestamp: number,
    etag: string | undefined,
  ): Promise<string | undefined> {
    const payload = Buffer.from(JSON.stringify(payloadSchema.parse(entry)))
    const envelope = seal(await keyRing.current(), payload, associatedDataOf(key))
    if (envelope.length > MAX_CHUNKED_IN_BYTES) {
      throw new EntryTooLargeError(envelope.length, MAX_CHUNKED_IN_BYTES)
    }
    const row = {
      partitionKey: key,
      rowKey: ROW_KEY,
      ...chunkedPropertyOf(PROPERTY, envelope),
      ...propertiesOf({ lastUsedTimestamp }),
    }
    return unlessChanged(() =>
      etag === undefined
        ? table.createEntity(row, limited())
        : table.updateEntity(row, 'Replace', { etag, ...limited() }),
    )
  }

  async function mark(key: string, marks: Partial<EntryMarks>, etag: string): Promise<string | undefined> {
    const row = { partitionKey: key, rowKey: ROW_KEY, ...propertiesOf(marks) }
    return unlessChanged(() => table.updateEntity(row, 'Merge', { etag, ...limited() }))
  }

  async function remove(key: string, etag: string): Promise<boolean> {
    try {
      await table.deleteEntity(key, ROW_KEY, { etag, ...limited() })
      return true
    } catch (error) {
      if (isConflict(error)) return false
      if (isAbsent(error)) return true
      throw error
    }
  }

  return { read, write, mark, remove }
}

/** Epoch milliseconds do not fit an Edm.Int32, which is what a number would become. */
function propertiesOf(marks: Partial<EntryMarks>): Record<string, Edm<'Int64'>> {
  return Object.fromEntries(
    Object.entries(marks).map(([name, value]) => [name, { type: 'Int64', value: String(value) }]),
  )
}

/** @returns the new etag, `undefined` when the row is not the one that was read, is there already, or is gone. */
async function unlessChanged(write: () => Promise<{ etag?: string }>): Promise<string | undefined> {
  try {
    return (await write()).etag
  } catch (error) {
    if (isConflict(error) || isAbsent(error)) return undefined
    throw error
  }
}

function undefinedIfAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error
}
