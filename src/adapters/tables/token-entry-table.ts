import type { Edm, TableClient } from '@azure/data-tables'
import * as z from 'zod'
import type { EntryMarks, StoredTokenEntry, TokenEntry } from '../../core/entry/token-entry.ts'
import { EntryTooLargeError, type TokenEntryStore } from '../../core/entry/token-entry-store.ts'
import { bytesOfChunkedProperty, chunkedPropertyOf, MAX_CHUNKED_IN_BYTES } from './chunked-property.ts'
import { pageSettingsOf } from './page-settings.ts'
import { createSealedPayloads, type KeyRing } from './sealed-payload.ts'
import { createTableCalls } from './table-calls.ts'
import { undefinedIfAbsent, unlessChanged } from './table-fault.ts'

const acquiredTokens = {
  client: z.string(),
  fingerprint: z.string(),
  verifiedOnTimestamp: z.number(),
  serializedCache: z.string(),
}

/** What is inside the seal. */
const payloadSchema = z.union([
  z.object({
    ...acquiredTokens,
    renewal: z.enum(['refresh_token', 'ask_again']),
    clientFingerprint: z.string(),
  }),
  z.object({
    ...acquiredTokens,
    // Rows that were written before there were connections do not say it.
    renewal: z.literal('password').default('password'),
    passwordVerifier: z.string(),
    passwordCheck: z.string(),
  }),
])

const mark = z.coerce.number().catch(0)

/** Clear properties: times and counts, so that changing one needs no key. */
const marksSchema = z
  .object({
    lastUsedTimestamp: mark,
    leasedUntilTimestamp: mark,
    failures: mark,
    deadSinceTimestamp: mark,
    deadTriedOnTimestamp: mark,
    deadAadsts: mark,
  })
  .transform(({ deadSinceTimestamp, deadTriedOnTimestamp, deadAadsts, ...marks }): EntryMarks => {
    if (deadSinceTimestamp === 0) return marks
    const dead = {
      sinceTimestamp: deadSinceTimestamp,
      triedOnTimestamp: deadTriedOnTimestamp,
      aadsts: deadAadsts,
    }
    return { ...marks, dead }
  })

/** An entry is one row: partition key = the entry's key. Its row key is constant. */
const ROW_KEY = 'entry'
const PROPERTY = 'Sealed'

interface Row extends Record<string, unknown> {
  readonly partitionKey?: string
  readonly etag: string
}

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
  const calls = createTableCalls(table, timeoutInMs)
  const { limited } = calls
  const payloads = createSealedPayloads(keyRing, table.tableName, ROW_KEY)

  async function read(key: string): Promise<StoredTokenEntry | undefined> {
    const [row] = await Promise.all([
      table.getEntity(key, ROW_KEY, limited()).catch(undefinedIfAbsent),
      // A missing or malformed key must be told now, not found out when a token was acquired and cannot be kept.
      keyRing.current(),
    ])
    return row && storedOf(row)
  }

  async function storedOf(row: Row): Promise<StoredTokenEntry> {
    const opened = await payloads.open(row.partitionKey ?? '', bytesOfChunkedProperty(PROPERTY, row))
    const entry = typeof opened === 'string' ? undefined : payloadSchema.safeParse(opened.value).data
    return {
      entry,
      ...(opened === 'not_now' && { mayOpenLater: true }),
      etag: row.etag,
      ...marksSchema.parse(row),
    }
  }

  async function write(
    key: string,
    entry: TokenEntry,
    lastUsedTimestamp: number,
    etag: string | undefined,
  ): Promise<string | undefined> {
    const envelope = await payloads.seal(key, payloadSchema.parse(entry))
    if (envelope.length > MAX_CHUNKED_IN_BYTES) {
      throw new EntryTooLargeError(envelope.length, MAX_CHUNKED_IN_BYTES)
    }
    const row = {
      partitionKey: key,
      rowKey: ROW_KEY,
      ...chunkedPropertyOf(PROPERTY, envelope),
      ...propertiesOf({ lastUsedTimestamp }),
    }
    return calls.put(row, etag)
  }

  async function mark(key: string, marks: Partial<EntryMarks>, etag: string): Promise<string | undefined> {
    const row = { partitionKey: key, rowKey: ROW_KEY, ...propertiesOf(marks) }
    return unlessChanged(() => table.updateEntity(row, 'Merge', { etag, ...limited() }))
  }

  return {
    read,
    write,
    mark,
    async list(pageSize, next) {
      const pages = table
        .listEntities({
          ...calls.listingLimited(),
        })
        .byPage(pageSettingsOf(pageSize, next))
      for await (const page of pages) {
        // A page may be empty, with more to come.
        if (page.length === 0 && page.continuationToken) continue
        const entries = await Promise.all(
          page.map(async (row) => ({ key: row.partitionKey ?? '', ...(await storedOf(row)) })),
        )
        return { entries, next: page.continuationToken }
      }
      return { entries: [], next: undefined }
    },
    remove: (key, etag) => calls.remove(key, ROW_KEY, etag),
  }
}

/** Epoch milliseconds do not fit an Edm.Int32, which is what a number would become. */
function propertiesOf({ dead, ...marks }: Partial<EntryMarks>): Record<string, Edm<'Int64'>> {
  const deadMarks = dead && {
    deadSinceTimestamp: dead.sinceTimestamp,
    deadTriedOnTimestamp: dead.triedOnTimestamp,
    deadAadsts: dead.aadsts,
  }
  return Object.fromEntries(
    Object.entries({ ...marks, ...deadMarks }).map(([name, value]) => [
      name,
      { type: 'Int64', value: String(value) },
    ]),
  )
}
