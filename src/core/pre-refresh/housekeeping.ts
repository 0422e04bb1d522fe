const PRUNE_EVERY_MS = 3_600_000
/** The longest window and the longest lock are far shorter; the status page shows no more. */
const KEPT_FOR_IN_MS = 86_400_000

export interface HousekeepingOptions {
  /** Writes what could not be written before. Never rejects. */
  readonly retryUnsaved: () => Promise<void>
  /** Each removes what nobody wrote to since, of its kind; epoch milliseconds. */
  readonly prunes: readonly ((beforeTimestamp: number) => Promise<unknown>)[]
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}

/** What a tick does besides refreshing. Never rejects: the next tick does what this one could not. */
export function createHousekeeping(options: HousekeepingOptions): () => Promise<void> {
  let pruneAt = -Infinity
  return async () => {
    await options.retryUnsaved()
    if (options.elapsed() < pruneAt) return
    pruneAt = options.elapsed() + PRUNE_EVERY_MS
    const beforeTimestamp = options.now() - KEPT_FOR_IN_MS
    await Promise.allSettled(options.prunes.map((prune) => prune(beforeTimestamp)))
  }
}
