import { parseArgs } from 'node:util'
import { importCore, SOURCE_FOLDER } from './core-module.ts'
import { allInvariants, type Invariant } from './invariants.ts'
import { MUTANTS } from './mutants.ts'
import { reportOf } from './report.ts'
import { fateOf } from './run-mutants.ts'
import { scenarioOf } from './scenario.ts'
import { shrink } from './shrink.ts'
import { HOURS_PER_SCENARIO, simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    invariant: { type: 'string', multiple: true },
    mutants: { type: 'boolean', default: false },
    rule: { type: 'string' },
  },
})

if (values.mutants) {
  const survivors = await runMutants(Number(values.hours), Number(values.seed), values.rule)
  process.exit(survivors === 0 ? 0 : 1)
}

const core = await importCore(SOURCE_FOLDER)
const invariants: Readonly<Record<string, Invariant>> = values.invariant
  ? Object.fromEntries(Object.entries(allInvariants).filter(([name]) => values.invariant?.includes(name)))
  : allInvariants
const startTime = performance.now()
const { hours, counts, found } = await simulate(
  { firstSeed: Number(values.seed), hours: Number(values.hours) },
  { core, invariants },
)
const tookInSeconds = (performance.now() - startTime) / 1000
for (const [what, count] of Object.entries(counts).toSorted(([, a], [, b]) => b - a)) {
  console.log(`${String(count).padStart(9)}  ${what}`)
}
console.log(`${hours.toFixed(1)} simulated hours in ${tookInSeconds.toFixed(1)} s`)
if (found) {
  const scenario = scenarioOf(found.seed, HOURS_PER_SCENARIO)
  console.log(reportOf(await shrink(scenario, found.violation, { core, invariants })))
  process.exitCode = 1
}

/** @returns how many survived. */
async function runMutants(limitInHours: number, firstSeed: number, part = ''): Promise<number> {
  let survivors = 0
  for (const mutant of MUTANTS.filter(({ rule }) => rule.includes(part))) {
    const { rule, killedBy, hours: lived } = await fateOf(mutant, limitInHours, firstSeed)
    if (killedBy === undefined) survivors++
    console.log(
      `${killedBy === undefined ? 'SURVIVED' : 'killed  '} ${lived.toFixed(1).padStart(7)} h  ${rule}${killedBy === undefined ? '' : ` (${killedBy})`}`,
    )
  }
  console.log(`${survivors} of ${MUTANTS.length} survived`)
  return survivors
}
