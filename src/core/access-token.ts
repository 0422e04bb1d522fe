/** An access token and the moment from which Entra ID no longer accepts it. */
export interface AccessToken {
  readonly value: string
  /** When it was new, by the clock of the machine that asked for it; epoch milliseconds. */
  readonly acquiredOnTimestamp: number
  /** Epoch milliseconds. */
  readonly expiresOnTimestamp: number
}

/**
 * - `fresh`: serve it.
 * - `stale`: serve it, but refresh it first if that works.
 * - `expired`: never serve it.
 */
export type Freshness = 'fresh' | 'stale' | 'expired'

/** By a window before the token's end in which it counts as stale. */
export function freshnessOf(token: AccessToken, now: number, windowInMs: number): Freshness {
  if (now >= token.expiresOnTimestamp) return 'expired'
  return now >= token.expiresOnTimestamp - windowInMs ? 'stale' : 'fresh'
}

/**
 * When a token is to be refreshed, epoch milliseconds: the threshold before its end, but never in the first half of its life.
 * A token that lives no longer than the threshold would otherwise be stale when it is new, and every request a call.
 */
export function dueTimestampOf(token: AccessToken, refreshThresholdInMs: number): number {
  return token.expiresOnTimestamp - Math.min(refreshThresholdInMs, lifetimeInMsOf(token) / 2)
}

const NEW_FOR_IN_MS = 30_000

/** Whether another one, asked for now, would be no better. */
export function isNew(token: AccessToken, now: number): boolean {
  return now - token.acquiredOnTimestamp < Math.min(NEW_FOR_IN_MS, lifetimeInMsOf(token) / 4)
}

/** How long the token lived when it was new. */
export function lifetimeInMsOf({ acquiredOnTimestamp, expiresOnTimestamp }: AccessToken): number {
  return Math.max(0, expiresOnTimestamp - acquiredOnTimestamp)
}
