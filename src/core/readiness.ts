import { BrokerError } from './broker-error.ts'
import { singleFlight } from './single-flight.ts'
import { faultDetailOf } from './fault-detail.ts'

const KEPT_FOR_IN_MS = 15_000

export interface Readiness {
  readonly isReady: boolean
  /** By dependency: `ok`, or in one word why not. */
  readonly checks: Readonly<Record<string, string>>
  /** For the log: names of secrets and fields, codes of faults. */
  readonly details: readonly string[]
  /** What is wrong although service goes on. */
  readonly problems: readonly string[]
}

/**
 * Asks every dependency at once and keeps the result for 15 s, so that probes cost the dependencies nothing.
 *
 * @param checks each resolves when the dependency works, within a time limit of its own.
 * @param problemsOf what is known to be wrong although the checks succeed.
 * @param elapsed the process's own clock.
 */
export function createReadiness(
  checks: Readonly<Record<string, () => Promise<unknown>>>,
  problemsOf: () => readonly string[],
  elapsed: () => number,
): () => Promise<Readiness> {
  const flight = singleFlight<Readiness>()
  let kept: { readiness: Readiness; until: number } | undefined

  async function ask(): Promise<Readiness> {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ({ name, ...(await resultOf(check)) })),
    )
    const readiness = {
      isReady: results.every(({ word }) => word === 'ok'),
      checks: Object.fromEntries(results.map(({ name, word }) => [name, word])),
      details: results.flatMap(({ name, detail }) => (detail === undefined ? [] : [`${name}: ${detail}`])),
      problems: problemsOf(),
    }
    kept = { readiness, until: elapsed() + KEPT_FOR_IN_MS }
    return readiness
  }

  return async () => (kept && elapsed() < kept.until ? kept.readiness : flight('', ask))
}

async function resultOf(
  check: () => Promise<unknown>,
): Promise<{ word: string; detail?: string | undefined }> {
  try {
    await check()
    return { word: 'ok' }
  } catch (error) {
    if (!(error instanceof BrokerError)) return { word: 'unavailable', detail: faultDetailOf(error) }
    const word = error.code === 'temporarily_unavailable' ? 'unavailable' : error.code
    return { word, detail: error.details.logDetail }
  }
}
