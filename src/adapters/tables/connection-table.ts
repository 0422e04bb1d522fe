import { odata, type TableClient } from '@azure/data-tables'
import * as z from 'zod'
import { CONNECTION_GRANTS } from '../../core/client-profile.ts'
import type { ConnectionStore, StoredConnection } from '../../core/connection/connection-store.ts'
import type { Connection } from '../../core/connection/connection.ts'
import { keyIdOf } from '../../crypto/envelope.ts'
import { bytesOfChunkedProperty, chunkedPropertyOf } from './chunked-property.ts'
import { pageSettingsOf } from './page-settings.ts'
import { createSealedPayloads, type KeyRing } from './sealed-payload.ts'
import { createTableCalls } from './table-calls.ts'
import { undefinedIfAbsent } from './table-fault.ts'

const timestamp = z.number()

/** What is inside the seal. */
const connectionSchema: z.ZodType<Connection> = z.object({
  id: z.string(),
  client: z.string(),
  grant: z.enum(CONNECTION_GRANTS),
  username: z.string().optional(),
  owner: z.string().optional(),
  secrets: z.array(z.object({ digest: z.string(), linkKey: z.string(), endTimestamp: timestamp.optional() })),
  pinned: z.object({ tenantId: z.string(), objectId: z.string() }).optional(),
  createdOnTimestamp: timestamp,
})

/** A connection is one row: row key = its name. */
const CONNECTION = 'connection'
/** A row leads to a connection: row key = the keyed digest of a secret, or the id. What it says is believed by nobody. */
const LINK = 'link'
const PROPERTY = 'Sealed'

interface Row extends Record<string, unknown> {
  readonly rowKey?: string
  readonly etag: string
}

export interface ConnectionTableOptions {
  readonly table: TableClient
  readonly keyRing: KeyRing
  /** Time limit of one operation, retries included. */
  readonly timeoutInMs: number
}

/** Connections in Table Storage, each sealed so that it opens under its own name alone. */
export function createConnectionTable({
  table,
  keyRing,
  timeoutInMs,
}: ConnectionTableOptions): ConnectionStore {
  const calls = createTableCalls(table, timeoutInMs)
  const { limited } = calls
  const payloads = createSealedPayloads(keyRing, table.tableName, CONNECTION)

  async function storedOf(row: Row): Promise<StoredConnection> {
    const { rowKey: name = '', etag } = row
    const opened = await payloads.open(name, bytesOfChunkedProperty(PROPERTY, row))
    if (opened === 'not_now') return { name, connection: undefined, mayOpenLater: true, etag }
    const connection = opened === 'never' ? undefined : connectionSchema.safeParse(opened.value).data
    return { name, connection, etag }
  }

  async function write(name: string, connection: Connection, etag: string | undefined) {
    const envelope = await payloads.seal(name, connection)
    const row = { partitionKey: CONNECTION, rowKey: name, ...chunkedPropertyOf(PROPERTY, envelope) }
    return calls.put(row, etag)
  }

  function pagesOf(pageSize: number, next?: string) {
    const filter = odata`PartitionKey eq ${CONNECTION}`
    return table
      .listEntities({ queryOptions: { filter }, ...calls.listingLimited() })
      .byPage(pageSettingsOf(pageSize, next))
  }

  return {
    async read(name) {
      const row = await table.getEntity(CONNECTION, name, limited()).catch(undefinedIfAbsent)
      return row && storedOf(row)
    },

    write: ({ name, ...connection }, etag) => write(name, connection, etag),

    remove: (name, etag) => calls.remove(CONNECTION, name, etag),

    async list(pageSize, next) {
      for await (const page of pagesOf(pageSize, next)) {
        // A page may be empty, with more to come.
        if (page.length === 0 && page.continuationToken) continue
        const connections = await Promise.all(page.map((row) => storedOf(row)))
        return { connections, next: page.continuationToken }
      }
      return { connections: [], next: undefined }
    },

    async nameOf(key) {
      const row = await table.getEntity(LINK, key, limited()).catch(undefinedIfAbsent)
      return row && String(row['Name'])
    },

    async link(key, name) {
      await table.upsertEntity({ partitionKey: LINK, rowKey: key, Name: name }, 'Replace', limited())
    },

    async unlink(key) {
      await table.deleteEntity(LINK, key, limited()).catch(undefinedIfAbsent)
    },

    async reseal() {
      const { id } = await keyRing.current()
      let resealed = 0
      for await (const page of pagesOf(1000)) {
        for (const row of page) {
          const { name, connection, etag } = await storedOf(row)
          // One that does not open is nobody's to write, and no reason to leave the others.
          if (!connection || keyIdOf(bytesOfChunkedProperty(PROPERTY, row)) === id) continue
          if ((await write(name, connection, etag)) !== undefined) resealed++
        }
      }
      return resealed
    },
  }
}
