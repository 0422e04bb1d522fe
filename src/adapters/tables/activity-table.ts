import { odata, type TableClient, type TransactionAction } from '@azure/data-tables'
import * as z from 'zod'
import type { ActivityMinute } from '../../core/activity/activity-counts.ts'
import type { ActivityStore } from '../../core/activity/activity-store.ts'
import { createTableCalls } from './table-calls.ts'

const HOUR_IN_MS = 3_600_000
/** A day, and the hour on either side of it: a clock that is ahead may have written into the next one. */
const MAX_HOURS = 26
const HOURS_AT_ONCE = 4
const MAX_MINUTES = 43_200
/** Of one transaction. */
const MAX_ACTIONS = 100

const tally = z.record(z.string(), z.number())
const countsSchema = z.object({
  actions: tally,
  sources: tally,
  errors: tally,
  warnings: tally,
  providerCalls: z.number(),
  sweeps: tally,
  sweepFailures: tally,
  oldestLagMs: z.number(),
  longestTickMs: z.number(),
})

/** A row in clear: counts, names of the broker's own and AADSTS numbers. */
const rowSchema = z.object({
  rowKey: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d_[a-zA-Z\d-]+$/),
  lostMinutes: z.number(),
  counts: z
    .string()
    .transform((text, { issues }) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        issues.push({ code: 'custom', message: 'no JSON', input: text })
        return z.NEVER
      }
    })
    .pipe(countsSchema),
})

export interface ActivityTableOptions {
  readonly table: TableClient
  /** Time limit of one operation, retries included. */
  readonly timeoutInMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** So many rows are read at once; the default is what thirty instances write in a day. */
  readonly maxMinutes?: number
}

/** What the instances counted: partition key = the hour, row key = `<minute>_<instance>`, both UTC. */
export function createActivityTable({
  table,
  timeoutInMs,
  now,
  maxMinutes = MAX_MINUTES,
}: ActivityTableOptions): ActivityStore {
  const calls = createTableCalls(table, timeoutInMs)

  /** @returns `undefined` when the hour alone has more rows than may be read. */
  async function readHour(hourTimestamp: number, fromTimestamp: number) {
    const filter = odata`PartitionKey eq ${hourOf(hourTimestamp)} and RowKey ge ${minuteOf(fromTimestamp)}`
    const pages = table
      .listEntities({ queryOptions: { filter }, ...calls.listingLimited() })
      .byPage({ maxPageSize: 1000 })
    const minutes: ActivityMinute[] = []
    for await (const page of pages) {
      minutes.push(...page.flatMap(minuteOfRow))
      if (minutes.length > maxMinutes) return undefined
    }
    return minutes
  }

  return {
    async write({ minuteTimestamp, instanceId, counts, lostMinutes }) {
      const row = {
        partitionKey: hourOf(minuteTimestamp),
        rowKey: `${minuteOf(minuteTimestamp)}_${instanceId}`,
        counts: JSON.stringify(counts),
        lostMinutes,
      }
      await table.upsertEntity(row, 'Replace', calls.limited())
    },

    async read(fromTimestamp) {
      const firstHour = Math.floor(fromTimestamp / HOUR_IN_MS)
      const lastHour = Math.min(Math.floor(now() / HOUR_IN_MS) + 1, firstHour + MAX_HOURS)
      // The newest first: when there is too much, the oldest hours are missing.
      const minutes: ActivityMinute[] = []
      for (let hour = lastHour; hour >= firstHour; hour -= HOURS_AT_ONCE) {
        const hours = Array.from(
          { length: Math.min(HOURS_AT_ONCE, hour - firstHour + 1) },
          (_, back) => hour - back,
        )
        for (const read of await Promise.all(hours.map((one) => readHour(one * HOUR_IN_MS, fromTimestamp)))) {
          if (!read || minutes.length + read.length > maxMinutes) return { minutes, isCut: true }
          minutes.push(...read)
        }
      }
      return { minutes, isCut: false }
    },

    async prune(beforeTimestamp) {
      const filter = odata`PartitionKey lt ${hourOf(beforeTimestamp)}`
      const pages = table
        .listEntities({
          queryOptions: { filter, select: ['PartitionKey', 'RowKey'] },
          ...calls.listingLimited(),
        })
        .byPage({ maxPageSize: 1000 })
      let pruned = 0
      for await (const page of pages) {
        const rows = page.map(({ partitionKey = '', rowKey = '' }) => ({ partitionKey, rowKey }))
        for (const ofHour of Map.groupBy(rows, ({ partitionKey }) => partitionKey).values()) {
          for (let at = 0; at < ofHour.length; at += MAX_ACTIONS) {
            const actions = ofHour
              .slice(at, at + MAX_ACTIONS)
              .map((row): TransactionAction => ['delete', row])
            await table.submitTransaction(actions, calls.limited())
            pruned += actions.length
          }
        }
      }
      return pruned
    },
  }
}

/** A row that is not as it must be, of another version perhaps, is passed over. */
function minuteOfRow(row: object): ActivityMinute[] {
  const { data } = rowSchema.safeParse(row)
  if (!data) return []
  const [minute = '', instanceId = ''] = data.rowKey.split('_')
  const { counts, lostMinutes } = data
  return [{ minuteTimestamp: Date.parse(`${minute}Z`), instanceId, counts, lostMinutes }]
}

/** `2026-11-25T10`: text then sorts as the hours do. */
function hourOf(timestamp: number): string {
  return new Date(timestamp).toISOString().slice(0, 13)
}

/** `2026-11-25T10:42` */
function minuteOf(timestamp: number): string {
  return new Date(timestamp).toISOString().slice(0, 16)
}
