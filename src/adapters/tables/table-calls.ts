import type { TableClient, TableEntity } from '@azure/data-tables'
import { removedUnlessChanged, unlessChanged } from './table-fault.ts'

/** A listing of many pages may take this many times as long as one operation. */
const LISTING_FACTOR = 10

/** Table calls with a time limit, and writes that another writer's change turns into an answer. */
export interface TableCalls {
  /** Options of one operation. */
  readonly limited: () => { readonly abortSignal: AbortSignal }
  /** Options of a listing, however many pages it has. */
  readonly listingLimited: () => { readonly abortSignal: AbortSignal }
  /** Creates the row without an etag, else replaces the one with it. @returns the new etag, `undefined` when it was changed. */
  readonly put: (row: TableEntity, etag: string | undefined) => Promise<string | undefined>
  /** @returns false when the row was changed. */
  readonly remove: (partitionKey: string, rowKey: string, etag: string) => Promise<boolean>
}

/** @param timeoutInMs of one operation, retries included. */
export function createTableCalls(table: TableClient, timeoutInMs: number): TableCalls {
  const limited = () => ({ abortSignal: AbortSignal.timeout(timeoutInMs) })
  return {
    limited,
    listingLimited: () => ({ abortSignal: AbortSignal.timeout(LISTING_FACTOR * timeoutInMs) }),
    put: (row, etag) =>
      unlessChanged(() =>
        etag === undefined
          ? table.createEntity(row, limited())
          : table.updateEntity(row, 'Replace', { etag, ...limited() }),
      ),
    remove: (partitionKey, rowKey, etag) =>
      removedUnlessChanged(() => table.deleteEntity(partitionKey, rowKey, { etag, ...limited() })),
  }
}
