import type { Benchmark } from './benchmark.ts'

/** In the order in which they run. */
export const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'cached-hit': () => import('./cached-hit.ts'),
  'store-hit': () => import('./store-hit.ts'),
  miss: () => import('./miss.ts'),
  stampede: () => import('./stampede.ts'),
  'cold-start': () => import('./cold-start.ts'),
  memory: () => import('./memory.ts'),
  flood: () => import('./flood.ts'),
  sweep: () => import('./sweep.ts'),
  'sweep-operations': () => import('./sweep-operations.ts'),
}
