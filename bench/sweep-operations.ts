import { startStorage } from '../test/support/storage.ts'
import { operationsOfSweep } from '../test/support/sweep-operations.ts'

/** `npm run bench:sweep-operations`: what one tick asks of Table Storage when 1,000 entries are due, among ever more that are not. */
const storage = await startStorage()
try {
  for (const stored of [1_000, 10_000, 50_000]) {
    const operations = await operationsOfSweep(storage, { due: 1_000, stored })
    const total = Object.values(operations).reduce((sum, count) => sum + count, 0)
    console.log(`1000 due among ${stored}: ${total} operations`, operations)
  }
} finally {
  await storage.close()
}
