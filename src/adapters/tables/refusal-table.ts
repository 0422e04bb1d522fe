import { odata, type TableClient } from '@azure/data-tables'
import * as z from 'zod'
import { FAILURE_CATEGORIES } from '../../core/provider/provider-failure.ts'
import type { RefusalStore } from '../../core/request/refusal-store.ts'
import { bytesOfChunkedProperty, chunkedPropertyOf } from './chunked-property.ts'
import { createSealedPayloads, type KeyRing } from './sealed-payload.ts'
import { createTableCalls } from './table-calls.ts'
import { undefinedIfAbsent } from './table-fault.ts'

const trySchema = z.object({
  digest: z.string(),
  id: z.string(),
  madeOnTimestamp: z.number(),
  state: z.enum(['reserved', 'refused', 'unknown', 'judged']),
  untilTimestamp: z.number(),
  isCounted: z.boolean(),
  losses: z.number(),
  category: z.enum(FAILURE_CATEGORIES).optional(),
  aadsts: z.number().optional(),
})

/** What is inside the seal. */
const refusalsSchema = z.object({
  tries: z.array(trySchema),
  fullWindows: z.number(),
  lockedUntilTimestamp: z.number(),
  lockInMs: z.number(),
})

/** One row a user of an authority: partition key = the digest of both. Its row key is constant. */
const ROW_KEY = 'refusals'
const PROPERTY = 'Sealed'

export interface RefusalTableOptions {
  readonly table: TableClient
  readonly keyRing: KeyRing
  /** Time limit of one operation, retries included. */
  readonly timeoutInMs: number
}

/** Refused passwords in Table Storage, each row sealed so that it opens in its own place alone. */
export function createRefusalTable({ table, keyRing, timeoutInMs }: RefusalTableOptions): RefusalStore {
  const calls = createTableCalls(table, timeoutInMs)
  const { limited } = calls
  const payloads = createSealedPayloads(keyRing, table.tableName, ROW_KEY)

  const remove = (key: string, etag: string) => calls.remove(key, ROW_KEY, etag)

  return {
    async read(key) {
      const row = await table.getEntity(key, ROW_KEY, limited()).catch(undefinedIfAbsent)
      if (!row) return undefined
      const opened = await payloads.open(key, bytesOfChunkedProperty(PROPERTY, row))
      const refusals = typeof opened === 'string' ? undefined : refusalsSchema.safeParse(opened.value).data
      return { refusals, etag: row.etag }
    },

    async write(key, refusals, etag) {
      const envelope = await payloads.seal(key, refusals)
      const row = { partitionKey: key, rowKey: ROW_KEY, ...chunkedPropertyOf(PROPERTY, envelope) }
      return calls.put(row, etag)
    },

    remove,

    async prune(beforeTimestamp) {
      const filter = odata`Timestamp lt ${new Date(beforeTimestamp)}`
      const pages = table
        .listEntities({
          queryOptions: { filter, select: ['PartitionKey'] },
          ...calls.listingLimited(),
        })
        .byPage({ maxPageSize: 1000 })
      let pruned = 0
      for await (const page of pages) {
        for (const { partitionKey = '', etag } of page) {
          if (await remove(partitionKey, etag)) pruned++
        }
      }
      return pruned
    },
  }
}
