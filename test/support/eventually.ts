import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

const DEADLINE_IN_MS = 120_000

/** Waits for an event that nobody announces: looks again and again until the condition holds. Rejects after two minutes. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endTime = performance.now() + DEADLINE_IN_MS
  while (!(await condition())) {
    if (performance.now() > endTime)
      throw new Error(`Not within ${DEADLINE_IN_MS} ms: ${condition.toString()}`)
    await setTimeout(1)
  }
}
