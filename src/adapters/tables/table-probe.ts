import type { TableClient } from '@azure/data-tables'
import { isAbsent } from './table-fault.ts'

/** Resolves when the table is there and may be read; one read of a row that does not exist. */
export async function probeTable(table: TableClient, timeoutInMs: number): Promise<void> {
  try {
    await table.getEntity('ready', 'ready', { abortSignal: AbortSignal.timeout(timeoutInMs) })
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
