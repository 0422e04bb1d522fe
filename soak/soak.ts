import { GROWTH_RULE } from './growth.ts'
import { runSoak } from './run-soak.ts'

/** `npm run soak`: ten minutes, or SOAK_SECONDS, of mixed traffic and faults against the local broker process. */
const durationInMs = Number(process.env['SOAK_SECONDS'] ?? 600) * 1000
const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
console.log(`Seed ${seed}. ${GROWTH_RULE}`)
const { counts, violations, growth } = await runSoak({
  durationInMs,
  seed,
  looks: 30,
  onLook: (text) => console.log(text),
})
for (const [what, count] of Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b))) {
  console.log(`${String(count).padStart(8)}  ${what}`)
}
for (const problem of [...violations, ...growth]) console.error(`FAILED: ${problem}`)
if (violations.length + growth.length > 0) process.exitCode = 1
else console.log('No answer was outside the contract, and nothing grew.')
process.exit()
