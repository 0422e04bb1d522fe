import type { FailureCategory, ProviderFailure } from '../provider/provider-failure.ts'
import type { DeadGrant, OpenedEntry } from './token-entry.ts'

/** Nothing but a person's sign-in mends it, so nothing is lost by asking so rarely. */
const TRIED_AGAIN_AFTER_MS = 86_400_000

/** Any other failure passes, or is the profile's. */
const OF_THE_ACCOUNT: ReadonlySet<FailureCategory> = new Set([
  'dead_grant',
  'account_disabled',
  'consent_required',
  'interaction_required',
  'invalid_credentials',
  'password_change_required',
  'policy_blocked',
])

/**
 * What a failed refresh says of a grant, `undefined` when nothing died: a password is sent again, and an application asks again, so
 * that it is only what a person gave that can.
 */
export function deadGrantOf(
  { entry, dead }: OpenedEntry,
  { category, aadsts = 0 }: ProviderFailure,
  now: number,
): DeadGrant | undefined {
  if (entry.renewal !== 'refresh_token' || !OF_THE_ACCOUNT.has(category)) return undefined
  return { sinceTimestamp: dead?.sinceTimestamp ?? now, triedOnTimestamp: now, aadsts }
}

/** From when Entra ID is asked again whether it is still dead; epoch milliseconds. */
export function triedAgainTimestampOf({ triedOnTimestamp }: DeadGrant): number {
  return triedOnTimestamp + TRIED_AGAIN_AFTER_MS
}
