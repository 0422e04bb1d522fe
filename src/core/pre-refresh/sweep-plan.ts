import { dueTimestampOf, lifetimeInMsOf, type AccessToken } from '../access-token.ts'
import type { ClientProfile } from '../client-profile.ts'
import { triedAgainTimestampOf } from '../entry/dead-grant.ts'
import { isOfConnection, isRenewable } from '../entry/renewable.ts'
import type { ConnectionEntry, OpenedEntry } from '../entry/token-entry.ts'

const DAY_IN_MS = 86_400_000
/** Entra ID lets a refresh token lapse that nobody uses for 90 days. */
const IDLE_RENEWED_EVERY_MS = 7 * DAY_IN_MS

/** What a sweep does with an entry. */
export type SweepPlan =
  | { readonly kind: 'refresh'; readonly profile: ClientProfile }
  /** Its tokens are of no use to anybody. */
  | { readonly kind: 'forget' }
  /** It stays as it is until somebody asks for it. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'postpone'; readonly dueTimestamp: number }

export interface SweepPolicy {
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
  readonly idleEvictionInMs: number
  /** How long the refresh token of a connection that nobody uses is kept alive. */
  readonly idleRenewalInMs: number
}

export interface SweepTimes {
  readonly now: number
  /** What is due after this is not due. */
  readonly horizonTimestamp: number
}

/** When nobody needs an entry any more, epoch milliseconds. A connection is kept until it is deleted. */
export function evictTimestampOf(opened: OpenedEntry, { idleEvictionInMs }: SweepPolicy): number {
  return isOfConnection(opened) ? Infinity : opened.lastUsedTimestamp + idleEvictionInMs
}

/** @param profile `undefined` when there is none of this name. */
export function sweepPlanOf(
  opened: OpenedEntry,
  profile: ClientProfile | undefined,
  token: AccessToken | undefined,
  times: SweepTimes,
  policy: SweepPolicy,
): SweepPlan {
  if (isOfConnection(opened)) return planOfConnection(opened, profile, token, times, policy)
  if (!profile) return { kind: 'forget' }
  const { entry } = opened
  const isOfUse =
    entry.fingerprint === profile.fingerprint &&
    times.now - entry.verifiedOnTimestamp < policy.passwordMaxAgeInMs
  // The next request needs the password anyway; until then the entry only has an end.
  if (!token || !isOfUse) return { kind: 'postpone', dueTimestamp: evictTimestampOf(opened, policy) }
  return planAt(dueTimestampOf(token, policy.refreshThresholdInMs), profile, token, times)
}

/** A refresh token that dies costs a person a sign-in: nothing but a person's wish ends it. */
function planOfConnection(
  { entry, lastUsedTimestamp, dead }: OpenedEntry<ConnectionEntry>,
  profile: ClientProfile | undefined,
  token: AccessToken | undefined,
  times: SweepTimes,
  policy: SweepPolicy,
): SweepPlan {
  const { now } = times
  // The profile may come back, or allow it again.
  if (!profile || !isRenewable(entry, profile)) return { kind: 'postpone', dueTimestamp: now + DAY_IN_MS }
  if (dead && now < triedAgainTimestampOf(dead)) {
    return { kind: 'postpone', dueTimestamp: triedAgainTimestampOf(dead) }
  }
  const idleInMs = now - lastUsedTimestamp
  if (idleInMs < policy.idleEvictionInMs) {
    // Other scopes, or a token that cannot be read: the refresh token fits all the same.
    if (!token || entry.fingerprint !== profile.fingerprint) return { kind: 'refresh', profile }
    return planAt(dueTimestampOf(token, policy.refreshThresholdInMs), profile, token, times)
  }
  if (entry.renewal === 'ask_again' || idleInMs >= policy.idleRenewalInMs) return { kind: 'leave' }
  return planAt((token?.acquiredOnTimestamp ?? 0) + IDLE_RENEWED_EVERY_MS, profile, token, times)
}

function planAt(
  dueTimestamp: number,
  profile: ClientProfile,
  token: AccessToken | undefined,
  { now, horizonTimestamp }: SweepTimes,
): SweepPlan {
  // A token that is due within two ticks of being new would be refreshed at each; several hints of its entry are one wish.
  const isYoung = token !== undefined && now - token.acquiredOnTimestamp < lifetimeInMsOf(token) / 4
  return dueTimestamp > horizonTimestamp || isYoung
    ? { kind: 'postpone', dueTimestamp }
    : { kind: 'refresh', profile }
}
