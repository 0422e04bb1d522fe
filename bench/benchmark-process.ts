import '../local/server/loopback-names.ts'
import type { BenchmarkOptions, Row } from './benchmark.ts'
import { benchmarks } from './benchmarks.ts'

/** A process for one benchmark, so that none inherits another's heap, sockets and settings. */
export interface BenchmarkResult {
  readonly about: string
  readonly rows: readonly Row[]
}

const [name = '', options = '{}'] = process.argv.slice(2)
// Ctrl-C reaches the parent and this process alike: what it started ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const { about, run } = (await benchmarks[name]?.()) ?? {}
if (!about || !run) throw new RangeError(`no benchmark ${name}`)
const result: BenchmarkResult = { about, rows: await run(JSON.parse(options) as BenchmarkOptions) }
process.send?.(result, () => process.exit(0))
