import type { ActivityCounts, Tally } from './activity-counts.ts'

/** Error and AADSTS numbers together are some dozens; a row must stay small whatever the identity provider answers. */
const MAX_NAMES = 60
const MAX_NAME_LENGTH = 80
const OTHER = 'other'

/** How a request ended. */
export interface RequestEvent {
  readonly action?: string | undefined
  readonly source?: string | undefined
  readonly error?: string | undefined
  readonly aadsts?: number | undefined
  /** Constants; what follows a space is detail, for the log. */
  readonly warnings?: readonly string[] | undefined
  readonly providerCalls?: number | undefined
}

/** What a tick of the timer or a chunk of the queue did. */
export interface SweepEvent {
  readonly kind: 'tick' | 'failed_tick' | 'chunk'
  readonly due?: number | undefined
  readonly queued?: number | undefined
  readonly refreshed?: number | undefined
  readonly dropped?: number | undefined
  readonly passed?: number | undefined
  readonly left?: number | undefined
  readonly failed?: Tally | undefined
  readonly oldestLagMs?: number | undefined
  readonly durationMs?: number | undefined
  readonly providerCalls?: number | undefined
}

/** Counts, at the price of an increment: a token from memory must cost no more for being counted. */
export interface ActivityCounter {
  countRequest(event: RequestEvent): void
  countSweep(event: SweepEvent): void
  /** What was counted so far; later events do not change it. */
  counts(): ActivityCounts
}

export function createActivityCounter(): ActivityCounter {
  const actions = createTally()
  const sources = createTally()
  const errors = createTally()
  const warnings = createTally()
  const sweeps = createTally()
  const sweepFailures = createTally()
  let providerCalls = 0
  let oldestLagMs = 0
  let longestTickMs = 0

  return {
    countRequest(event) {
      if (event.error === undefined) {
        actions.add(event.action)
        sources.add(event.source)
      } else {
        errors.add(event.aadsts === undefined ? event.error : `${event.error} ${event.aadsts}`)
      }
      for (const warning of event.warnings ?? []) warnings.add(warning.split(' ', 1)[0])
      providerCalls += event.providerCalls ?? 0
    },

    countSweep(event) {
      const { kind, refreshed, dropped, passed, left } = event
      sweeps.add(`${kind}s`)
      // A chunk's entries were due at the tick that handed them out, and counted then.
      if (kind === 'tick') {
        sweeps.add('due', event.due ?? 0)
        sweeps.add('queued', event.queued ?? 0)
        oldestLagMs = Math.max(oldestLagMs, event.oldestLagMs ?? 0)
        longestTickMs = Math.max(longestTickMs, event.durationMs ?? 0)
      }
      for (const [name, count = 0] of Object.entries({ refreshed, dropped, passed, left })) {
        sweeps.add(name, count)
      }
      for (const [cause, count] of Object.entries(event.failed ?? {})) sweepFailures.add(cause, count)
      providerCalls += event.providerCalls ?? 0
    },

    counts: () => ({
      actions: actions.all(),
      sources: sources.all(),
      errors: errors.all(),
      warnings: warnings.all(),
      providerCalls,
      sweeps: sweeps.all(),
      sweepFailures: sweepFailures.all(),
      oldestLagMs,
      longestTickMs,
    }),
  }
}

/** Of a bounded number of names: what is beyond them is counted as `other`. */
function createTally() {
  const counts = new Map<string, number>()
  return {
    add(name = OTHER, count = 1): void {
      const before = counts.get(name)
      if (before !== undefined) counts.set(name, before + count)
      else if (count > 0) {
        const short = counts.size < MAX_NAMES ? name.slice(0, MAX_NAME_LENGTH) : OTHER
        counts.set(short, (counts.get(short) ?? 0) + count)
      }
    },
    all: (): Tally => Object.fromEntries(counts),
  }
}
