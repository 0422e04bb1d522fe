/** An access token and the moment from which Entra ID no longer accepts it. */
export interface AccessToken {
  readonly value: string
  /** Epoch milliseconds. */
  readonly expiresOnTimestamp: number
}

/**
 * - `fresh`: serve it.
 * - `stale`: serve it, but refresh it first if that works.
 * - `expired`: never serve it.
 */
export type Freshness = 'fresh' | 'stale' | 'expired'

export function freshnessOf(token: AccessToken, now: number, windowInMs: number): Freshness {
  if (now >= token.expiresOnTimestamp) return 'expired'
  return now >= token.expiresOnTimestamp - windowInMs ? 'stale' : 'fresh'
}
