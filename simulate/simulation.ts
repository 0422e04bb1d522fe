import type { CoreModule } from './core-module.ts'
import type { Invariant } from './invariants.ts'
import { scenarioOf } from './scenario.ts'
import { play, type Violation } from './world.ts'

/** A day and an hour: everything that has an age gets old in it. */
export const HOURS_PER_SCENARIO = 25

export interface Simulation {
  /** Simulated hours, up to the violation. */
  readonly hours: number
  readonly counts: Readonly<Record<string, number>>
  readonly found: { readonly seed: number; readonly violation: Violation } | undefined
}

/** Plays scenario after scenario, of this seed and the ones after it, until so many hours have passed or a promise is broken. */
export async function simulate(
  { firstSeed, hours }: { readonly firstSeed: number; readonly hours: number },
  options: { readonly core: CoreModule; readonly invariants: Readonly<Record<string, Invariant>> },
): Promise<Simulation> {
  const counts: Record<string, number> = {}
  let passed = 0
  for (let seed = firstSeed; passed < hours; seed++) {
    const duration = Math.min(HOURS_PER_SCENARIO, hours - passed)
    const { violation, counts: own } = await play(scenarioOf(seed, duration), options)
    for (const [what, count] of Object.entries(own)) counts[what] = (counts[what] ?? 0) + count
    if (violation) return { hours: passed + violation.at / 3_600_000, counts, found: { seed, violation } }
    passed += duration
  }
  return { hours: passed, counts, found: undefined }
}
