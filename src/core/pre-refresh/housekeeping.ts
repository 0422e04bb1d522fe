const CHORES_EVERY_MS = 3_600_000
/** The longest window and the longest lock are far shorter; the status page shows no more. */
const KEPT_FOR_IN_MS = 86_400_000

export interface HousekeepingOptions {
  /** Writes what could not be written before. Never rejects. */
  readonly retryUnsaved: () => Promise<void>
  /** What is done once an hour, each for itself. What nobody wrote to since the time can go; epoch milliseconds. */
  readonly chores: readonly ((beforeTimestamp: number) => Promise<unknown>)[]
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}

/** What a tick does besides refreshing. Never rejects: the next tick does what this one could not. */
export function createHousekeeping(options: HousekeepingOptions): () => Promise<void> {
  let choresAt = -Infinity
  return async () => {
    await options.retryUnsaved()
    if (options.elapsed() < choresAt) return
    choresAt = options.elapsed() + CHORES_EVERY_MS
    const beforeTimestamp = options.now() - KEPT_FOR_IN_MS
    await Promise.allSettled(options.chores.map((chore) => chore(beforeTimestamp)))
  }
}
