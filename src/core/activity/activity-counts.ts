/** How often something happened, by its name. */
export type Tally = Readonly<Record<string, number>>

/** What happened in a stretch of time. Sums, but for the two that are called longest and oldest. */
export interface ActivityCounts {
  /** Tokens given, by `action`. */
  readonly actions: Tally
  /** The same tokens, by where they were found. */
  readonly sources: Tally
  /** Requests without a token, by the broker's error, with Entra ID's number behind it where there is one: `consent_required 65001`. */
  readonly errors: Tally
  /** What was degraded although there was a token. */
  readonly warnings: Tally
  /** Calls of the identity provider, those without an answer included. */
  readonly providerCalls: number
  /** `ticks`, `failed_ticks` and `chunks`, and what became of entries that were due. */
  readonly sweeps: Tally
  /** Refreshes of the timer that failed, by cause. */
  readonly sweepFailures: Tally
  /** How long past its time the oldest entry was when a tick began. */
  readonly oldestLagMs: number
  readonly longestTickMs: number
}

/** The counts of one instance in one minute. */
export interface ActivityMinute {
  /** When the minute began; epoch milliseconds. */
  readonly minuteTimestamp: number
  /** Random, of the process. */
  readonly instanceId: string
  readonly counts: ActivityCounts
  /** Minutes before this one that the same instance could not write. */
  readonly lostMinutes: number
}

export const NO_COUNTS: ActivityCounts = {
  actions: {},
  sources: {},
  errors: {},
  warnings: {},
  providerCalls: 0,
  sweeps: {},
  sweepFailures: {},
  oldestLagMs: 0,
  longestTickMs: 0,
}

export function sumOf(all: readonly ActivityCounts[]): ActivityCounts {
  const tallyOf = (pick: (counts: ActivityCounts) => Tally): Tally => {
    const sum: Record<string, number> = {}
    for (const counts of all) {
      for (const [name, count] of Object.entries(pick(counts))) sum[name] = (sum[name] ?? 0) + count
    }
    return sum
  }
  const longestOf = (pick: (counts: ActivityCounts) => number): number =>
    all.reduce((longest, counts) => Math.max(longest, pick(counts)), 0)
  return {
    actions: tallyOf(({ actions }) => actions),
    sources: tallyOf(({ sources }) => sources),
    errors: tallyOf(({ errors }) => errors),
    warnings: tallyOf(({ warnings }) => warnings),
    providerCalls: all.reduce((sum, { providerCalls }) => sum + providerCalls, 0),
    sweeps: tallyOf(({ sweeps }) => sweeps),
    sweepFailures: tallyOf(({ sweepFailures }) => sweepFailures),
    oldestLagMs: longestOf(({ oldestLagMs }) => oldestLagMs),
    longestTickMs: longestOf(({ longestTickMs }) => longestTickMs),
  }
}
