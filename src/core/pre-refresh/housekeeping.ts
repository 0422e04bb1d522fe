const PRUNE_EVERY_MS = 3_600_000
/** The longest window and the longest lock are far shorter. */
const KEPT_FOR_IN_MS = 86_400_000

export interface HousekeepingOptions {
  /** Writes what could not be written before. Never rejects. */
  readonly retryUnsaved: () => Promise<void>
  /** Removes refusals that nobody wrote to since; epoch milliseconds. */
  readonly pruneRefusals: (beforeTimestamp: number) => Promise<number>
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
    await options.pruneRefusals(options.now() - KEPT_FOR_IN_MS).catch(() => 0)
  }
}
