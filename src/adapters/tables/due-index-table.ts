import { odata, type TableClient } from '@azure/data-tables'
import type { DueHint, DueIndex } from '../../core/entry/due-index.ts'
import { createTableCalls } from './table-calls.ts'
import { isAbsent, isConflict } from './table-fault.ts'

/** Partitions take 2,000 writes a second each; one query a shard finds all that is due. */
const SHARDS = 16
/** Digits of the largest time a hint may have, the year 2286: text then sorts as the times do. */
const TIMESTAMP_DIGITS = 13

export interface DueIndexTableOptions {
  readonly table: TableClient
  /** Time limit of one operation, retries included. */
  readonly timeoutInMs: number
}

/** The due index: partition key = shard of the entry's key, row key = `<due time>_<entry's key>`. */
export function createDueIndexTable({ table, timeoutInMs }: DueIndexTableOptions): DueIndex {
  const calls = createTableCalls(table, timeoutInMs)
  const { limited } = calls

  async function dueOfShard(partitionKey: string, before: string): Promise<DueHint[]> {
    const filter = odata`PartitionKey eq ${partitionKey} and RowKey lt ${before}`
    const hints: DueHint[] = []
    const pages = table
      .listEntities({
        queryOptions: { filter, select: ['RowKey'] },
        ...calls.listingLimited(),
      })
      .byPage({ maxPageSize: 1000 })
    // A page may be short, or empty with a continuation token: the iterator goes on until there is no token.
    for await (const page of pages) {
      for (const { rowKey = '' } of page) hints.push(hintOf(rowKey))
    }
    return hints
  }

  return {
    async add(hint) {
      try {
        await table.createEntity({ partitionKey: shardOf(hint.entryKey), rowKey: rowKeyOf(hint) }, limited())
      } catch (error) {
        if (!isConflict(error)) throw error
      }
    },
    async remove(hint) {
      try {
        await table.deleteEntity(shardOf(hint.entryKey), rowKeyOf(hint), limited())
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
    },
    async dueBefore(timestamp) {
      const before = timestampText(timestamp)
      const shards = Array.from({ length: SHARDS }, (_, shard) => shardName(shard))
      const hints = await Promise.all(shards.map((shard) => dueOfShard(shard, before)))
      return hints.flat().toSorted((a, b) => a.dueTimestamp - b.dueTimestamp)
    },
  }
}

/** The key is a hash in base64url: its first characters are spread evenly. */
function shardOf(entryKey: string): string {
  const first = Buffer.from(entryKey.slice(0, 2), 'base64url')[0] ?? 0
  return shardName(first % SHARDS)
}

function shardName(shard: number): string {
  return shard.toString(16).padStart(2, '0')
}

function rowKeyOf({ dueTimestamp, entryKey }: DueHint): string {
  return `${timestampText(dueTimestamp)}_${entryKey}`
}

function hintOf(rowKey: string): DueHint {
  return {
    dueTimestamp: Number(rowKey.slice(0, TIMESTAMP_DIGITS)),
    entryKey: rowKey.slice(TIMESTAMP_DIGITS + 1),
  }
}

function timestampText(timestamp: number): string {
  return String(Math.max(0, Math.floor(timestamp))).padStart(TIMESTAMP_DIGITS, '0')
}
