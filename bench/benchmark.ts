/** What is measured, with its unit: `requests/s`, `ms`, `writes`. */
export interface Quantity {
  readonly value: number
  readonly unit: string
}

/** One figure, beside what it is measured against in the same run. */
export interface Row {
  readonly what: string
  readonly figure: Quantity
  readonly baseline: Quantity & { readonly what: string }
  readonly goal?: Goal
}

/** For the figure divided by its baseline. */
export interface Goal {
  readonly bound: 'at least' | 'at most'
  readonly ratio: number
  /** Why, if it is missed. */
  readonly ifMissed: string
}

/** For the sweep, which takes as long as it is told. */
export interface BenchmarkOptions {
  readonly entries: number
  /** Each `timer`, or a number of workers. */
  readonly runs: readonly string[]
  /** What the Entra emulator waits before it answers. */
  readonly latencyInMs: number
}

/** What each file of a benchmark exports. */
export interface Benchmark {
  /** What is done, for whoever reads the figures. */
  readonly about: string
  readonly run: (options: BenchmarkOptions) => Promise<readonly Row[]>
}

export const ratioOf = ({ figure, baseline }: Row): number => figure.value / baseline.value

export const isMissed = (row: Row): boolean =>
  row.goal !== undefined &&
  (row.goal.bound === 'at least' ? ratioOf(row) < row.goal.ratio : ratioOf(row) > row.goal.ratio)
