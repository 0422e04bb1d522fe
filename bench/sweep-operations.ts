import { startStorage } from '../test/support/storage.ts'
import { operationsOfSweep } from '../test/support/sweep-operations.ts'
import type { Row } from './benchmark.ts'

export const about =
  'What one tick asks of Table Storage when 1,000 entries are due, among ever more that are not: 16 queries, and five operations for each that is due.'

const DUE = 1000
const STORED = [1_000, 10_000, 50_000]

export async function run(): Promise<readonly Row[]> {
  const storage = await startStorage()
  try {
    const totals: number[] = []
    for (const stored of STORED) {
      const operations = await operationsOfSweep(storage, { due: DUE, stored })
      totals.push(Object.values(operations).reduce((sum, count) => sum + count, 0))
    }
    return totals.map((total, run) => ({
      what: `Sweep of 1,000 due among ${(STORED[run] ?? 0).toLocaleString('en-US')}`,
      figure: { value: total, unit: 'operations' },
      baseline: { value: totals[0] ?? 0, unit: 'operations', what: 'among 1,000' },
      goal: { bound: 'at most', ratio: 1, ifMissed: 'What is stored and not due costs something.' },
    }))
  } finally {
    await storage.close()
  }
}
