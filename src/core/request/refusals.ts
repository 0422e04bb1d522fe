import type { FailureCategory, ProviderFailure } from '../provider/provider-failure.ts'

/** How long a judgement about the account, such as MFA, is repeated unasked. */
const JUDGEMENT_KEPT_IN_MS = 30_000
/** The first pause after an answer that was lost, and the first lock; both double. */
const FIRST_RETRY_IN_MS = 30_000
const MAX_RETRY_IN_MS = 240_000
const FIRST_LOCK_IN_MS = 60_000
const MAX_WINDOW_IN_MS = 2 * 3_600_000
/** The identity provider's usual answer, and the writes around it. */
const ANSWER_IN_MS = 2_000
/** A try from the future was dated by a clock that is wrong. */
const MAX_CLOCK_SKEW_IN_MS = 60_000

export interface RefusalLimits {
  /** So many different passwords of a user may be with the identity provider, or refused, in a window. */
  readonly maxRefusedPasswords: number
  readonly refusalWindowInMs: number
  /** A reservation that is older has lost its maker. */
  readonly reservationInMs: number
}

/** One password that was sent to the identity provider, or is about to be. */
export interface Try {
  /** Keyed digest of the password. */
  readonly digest: string
  /** Random; names who made it, for a writer who meets his own write again. */
  readonly id: string
  /** When it was sent; epoch milliseconds. */
  readonly madeOnTimestamp: number
  /**
   * - `reserved`: being asked.
   * - `refused`: it is a wrong password.
   * - `unknown`: the answer was lost; the identity provider may have counted it.
   * - `judged`: the account cannot sign in, whatever the password.
   */
  readonly state: 'reserved' | 'refused' | 'unknown' | 'judged'
  /** From then on the try is as good as none; epoch milliseconds. */
  readonly untilTimestamp: number
  /** Whether it takes one of the places. A password that was accepted since has freed them. */
  readonly isCounted: boolean
  /** How often the answer was lost. */
  readonly losses: number
  /** `judged`: what the answer was. */
  readonly category?: FailureCategory | undefined
  readonly aadsts?: number | undefined
}

/** What is known of the wrong passwords of one user of one authority. */
export interface Refusals {
  readonly tries: readonly Try[]
  /** Windows that were full since a password was accepted: each doubles the next. */
  readonly fullWindows: number
  /** The identity provider has locked the account; epoch milliseconds. */
  readonly lockedUntilTimestamp: number
  /** How long the latest lock was; 0 without one. */
  readonly lockInMs: number
}

export const NO_REFUSALS: Refusals = { tries: [], fullWindows: 0, lockedUntilTimestamp: 0, lockInMs: 0 }

/** Whether a password may be sent. */
export type Verdict =
  | { readonly kind: 'free' }
  /** The same password is being asked by somebody else. */
  | { readonly kind: 'being_asked' }
  | { readonly kind: 'refused'; readonly since: number; readonly retryAfterInMs: number }
  | {
      readonly kind: 'judged'
      readonly category: FailureCategory
      readonly aadsts: number | undefined
    }
  | { readonly kind: 'locked' | 'full' | 'lost'; readonly retryAfterInMs: number }

/** @param hasPlace for a password that was accepted before: it needs no free place. */
export function verdictOn(
  refusals: Refusals,
  digest: string,
  { now, limits, hasPlace }: { now: number; limits: RefusalLimits; hasPlace: boolean },
): Verdict {
  const tries = currentTries(refusals, now)
  const same = tries.find((one) => one.digest === digest)
  if (same?.state === 'refused') {
    return { kind: 'refused', since: same.madeOnTimestamp, retryAfterInMs: same.untilTimestamp - now }
  }
  if (same?.state === 'judged' && same.category) {
    return { kind: 'judged', category: same.category, aadsts: same.aadsts }
  }
  if (same && isReserved(same, now, limits)) return { kind: 'being_asked' }
  if (now < refusals.lockedUntilTimestamp) {
    return { kind: 'locked', retryAfterInMs: refusals.lockedUntilTimestamp - now }
  }
  // Its place is its own: it is asked again in it.
  if (same) {
    const retryAfterInMs = askAgainTimestampOf(same) - now
    return retryAfterInMs > 0 ? { kind: 'lost', retryAfterInMs } : { kind: 'free' }
  }
  const counted = tries.filter(({ isCounted }) => isCounted)
  if (hasPlace || counted.length < limits.maxRefusedPasswords) return { kind: 'free' }
  // Nobody is shut out by lost answers alone.
  const isRefused = counted.some(({ state }) => state === 'refused')
  const freeTimestamps = counted.map((one) =>
    // Who is being asked for may give the place back in a moment.
    !isRefused && isReserved(one, now, limits) ? now + ANSWER_IN_MS : one.untilTimestamp,
  )
  return { kind: isRefused ? 'full' : 'lost', retryAfterInMs: Math.min(...freeTimestamps) - now }
}

/** With a place for the password; the one that it had, if its answer was lost. */
export function withReservation(
  refusals: Refusals,
  { digest, id }: Pick<Try, 'digest' | 'id'>,
  now: number,
  limits: RefusalLimits,
): Refusals {
  const others = currentTries(refusals, now).filter((one) => one.digest !== digest)
  const losses = refusals.tries.find((one) => one.digest === digest)?.losses ?? 0
  const reservation: Try = {
    digest,
    id,
    madeOnTimestamp: now,
    state: 'reserved',
    untilTimestamp: now + windowInMsOf(refusals, limits),
    isCounted: true,
    losses,
  }
  return { ...refusals, tries: [...others, reservation] }
}

/** With what became of the reservation of this id. A reservation that is not there any more changes nothing but a lock. */
export function withOutcome(
  refusals: Refusals,
  id: string,
  outcome: 'accepted' | ProviderFailure,
  now: number,
  limits: RefusalLimits,
): Refusals {
  const tries = currentTries(refusals, now)
  const own = tries.find((one) => one.id === id)
  const others = tries.filter((one) => one !== own)
  const givenBack = { ...refusals, tries: others }
  if (outcome === 'accepted') {
    // The identity provider counts anew. What it has refused stays refused.
    return { ...NO_REFUSALS, tries: others.map((one) => ({ ...one, isCounted: one.state === 'reserved' })) }
  }
  if (outcome.category === 'account_locked') {
    const lockInMs =
      outcome.retryAfterInMs ??
      Math.min(Math.max(2 * refusals.lockInMs, FIRST_LOCK_IN_MS), limits.refusalWindowInMs)
    return { ...givenBack, lockInMs, lockedUntilTimestamp: now + lockInMs }
  }
  if (!own || outcome.judgement === 'not_judged') return givenBack
  const untilTimestamp = now + windowInMsOf(refusals, limits)
  if (outcome.judgement === 'unknown') {
    const losses = own.losses + 1
    return {
      ...refusals,
      tries: [...others, { ...own, state: 'unknown', losses, madeOnTimestamp: now, untilTimestamp }],
    }
  }
  if (outcome.category !== 'invalid_credentials') {
    const { category, aadsts } = outcome
    const judged: Try = {
      ...own,
      state: 'judged',
      category,
      aadsts,
      isCounted: false,
      untilTimestamp: now + JUDGEMENT_KEPT_IN_MS,
    }
    return { ...refusals, tries: [...others, judged], lockInMs: 0 }
  }
  if (own.state === 'refused') return refusals
  const refusedBefore = others.filter(({ state, isCounted }) => isCounted && state === 'refused').length
  const isNowFull = refusedBefore + 1 === limits.maxRefusedPasswords
  return {
    ...refusals,
    tries: [...others, { ...own, state: 'refused', madeOnTimestamp: now, untilTimestamp }],
    lockInMs: 0,
    fullWindows: refusals.fullWindows + (isNowFull ? 1 : 0),
  }
}

/** Nothing in it matters to anybody any more. */
export function isSpent(refusals: Refusals, now: number): boolean {
  return (
    currentTries(refusals, now).length === 0 &&
    refusals.fullWindows === 0 &&
    refusals.lockedUntilTimestamp <= now
  )
}

function currentTries({ tries }: Refusals, now: number): readonly Try[] {
  return tries.filter(
    ({ untilTimestamp, madeOnTimestamp }) =>
      untilTimestamp > now && madeOnTimestamp <= now + MAX_CLOCK_SKEW_IN_MS,
  )
}

function isReserved({ state, madeOnTimestamp }: Try, now: number, limits: RefusalLimits): boolean {
  return state === 'reserved' && now < madeOnTimestamp + limits.reservationInMs
}

/** After 30 s, then 1, 2 and 4 min. A reservation without a maker is a first loss. */
function askAgainTimestampOf({ madeOnTimestamp, losses }: Try): number {
  return madeOnTimestamp + Math.min(FIRST_RETRY_IN_MS * 2 ** Math.max(0, losses - 1), MAX_RETRY_IN_MS)
}

function windowInMsOf({ fullWindows }: Refusals, { refusalWindowInMs }: RefusalLimits): number {
  return Math.max(refusalWindowInMs, Math.min(refusalWindowInMs * 2 ** fullWindows, MAX_WINDOW_IN_MS))
}
