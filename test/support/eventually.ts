import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

const DEADLINE_IN_MS = 20_000

/** Waits for another process: looks again and again until the condition holds. Rejects after 20 s. */
export async function eventually(condition: () => boolean): Promise<void> {
  const endTime = performance.now() + DEADLINE_IN_MS
  while (!condition()) {
    if (performance.now() > endTime)
      throw new Error(`Not within ${DEADLINE_IN_MS} ms: ${condition.toString()}`)
    await setTimeout(1)
  }
}
