import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BenchmarkOptions } from './benchmark.ts'
import type { BenchmarkResult } from './benchmark-process.ts'
import { benchmarks } from './benchmarks.ts'
import { pageOf, tableOf } from './report.ts'

/** `npm run bench`: everything that is claimed of the broker's speed, each figure beside a baseline of the same run. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Writes docs/benchmarks.md. */
    write: { type: 'boolean', default: false },
    entries: { type: 'string', default: '3000' },
    runs: { type: 'string', default: 'timer,1,2' },
    latency: { type: 'string', default: '300' },
  },
})
const names = positionals.length > 0 ? positionals : Object.keys(benchmarks)
const unknown = names.filter((name) => !benchmarks[name])
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}.`)
  process.exit(2)
}
const options: BenchmarkOptions = {
  entries: Number(values.entries),
  runs: values.runs.split(','),
  latencyInMs: Number(values.latency),
}

const startDate = new Date()
/** Cores that others kept busy, looked at before each benchmark. */
const busyCores: number[] = []
const results: Record<string, BenchmarkResult> = {}
for (const name of names) {
  busyCores.push(await busyCoresNow())
  console.log(`${name} …`)
  results[name] = await resultOf(name)
}
console.log(`\n${tableOf(results)}`)
if (values.write) {
  const page = join(import.meta.dirname, '..', 'docs', 'benchmarks.md')
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])]
  await writeFile(page, await pageOf(results, { startDate, busyCores, command: command.join(' ') }))
}

/** For a second in which nothing of ours runs. */
async function busyCoresNow(): Promise<number> {
  const idleInMs = () => cpus().reduce((sum, { times }) => sum + times.idle, 0)
  const [startTime, before] = [performance.now(), idleInMs()]
  await setTimeout(1000)
  return Math.max(0, cpus().length - (idleInMs() - before) / (performance.now() - startTime))
}

/** @throws when the benchmark fails. */
async function resultOf(name: string): Promise<BenchmarkResult> {
  const entry = fileURLToPath(new URL('./benchmark-process.ts', import.meta.url))
  const child = fork(entry, [name, JSON.stringify(options)], { execArgv: ['--expose-gc'] })
  let result: BenchmarkResult | undefined
  child.on('message', (message) => void (result = message as BenchmarkResult))
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (!result) throw new Error(`${name} ended without a result (${code ?? signal})`)
  return result
}
