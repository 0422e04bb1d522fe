import { dueTimestampOf, freshnessOf, isNew, lifetimeInMsOf, type AccessToken } from '../access-token.ts'
import type { TokenRequest } from './token-request.ts'

/**
 * What a token is to a request.
 * - `fresh`: serve it.
 * - `stale`: get a new one if that works.
 * - `expired`: never serve it.
 * - `too_short`: it lives less than the request asks for, and so would a new one.
 */
export type Fitness = 'fresh' | 'stale' | 'expired' | 'too_short'

export function fitnessOf(
  token: AccessToken,
  { minValidInMs }: Pick<TokenRequest, 'minValidInMs'>,
  now: number,
  refreshThresholdInMs: number,
): Fitness {
  if (now >= token.expiresOnTimestamp) return 'expired'
  const isDue = now >= dueTimestampOf(token, refreshThresholdInMs)
  const isEnough = freshnessOf(token, now, minValidInMs) === 'fresh'
  if (isEnough) return isDue ? 'stale' : 'fresh'
  return isNew(token, now) || (!isDue && minValidInMs > lifetimeInMsOf(token)) ? 'too_short' : 'stale'
}
