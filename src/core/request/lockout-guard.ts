import { LRUCache } from 'lru-cache'
import { BrokerError } from '../broker-error.ts'
import { brokerErrorOf, type ProviderFailure } from '../provider/provider-failure.ts'
import type { Warning } from '../warning.ts'
import type { KnownRow, RefusalRows } from './refusal-rows.ts'
import {
  verdictOn,
  withOutcome,
  withReservation,
  type RefusalLimits,
  type Refusals,
  type Verdict,
} from './refusals.ts'

/** A row that was known longer ago is read again before anybody is refused for want of a place. */
const BELIEVED_FOR_IN_MS = 2_000
const POLL_EVERY_MS = 200
const MAX_REMEMBERED = 10_000
/** Without the table an instance knows nothing of the others. */
const PLACES_WITHOUT_TABLE = 1

/** One user's password, by keyed digests. */
export interface Attempt {
  /** Names the user of the authority, over all profiles. */
  readonly rowKey: string
  readonly digest: string
  /** So many different wrong ones may be asked in a window. */
  readonly maxRefusedPasswords: number
}

interface Admitted {
  readonly kind: 'admitted'
  readonly warnings: readonly Warning[]
  /**
   * What became of it. Never rejects.
   *
   * @returns how long nobody is asked now, because the account is locked or the answer was lost; milliseconds.
   */
  settle(outcome: 'accepted' | ProviderFailure): Promise<number | undefined>
}

type Denial = Exclude<Verdict, { kind: 'free' }>
/** An answer to the caller. */
type Refusal = Exclude<Denial, { kind: 'being_asked' }>

export type Admission =
  | Admitted
  /** Somebody else was asking with the same password, and has done: the store may have the token. */
  | { readonly kind: 'ended' }
  /** Somebody else is asking with the same password, and the time to wait is up. */
  | { readonly kind: 'busy' }

export interface AdmitOptions {
  /** For a password that was accepted before: it needs no free place. */
  readonly hasPlace: boolean
  /** How long to wait for somebody else who asks with the same password, by the process's own clock. */
  readonly waitUntil: number
}

/**
 * Keeps wrong passwords from the identity provider, which locks an account after a few of them: each is asked once, and few
 * different ones in a window, over all instances.
 */
export interface LockoutGuard {
  /** @throws {BrokerError} when this process knows already how the password is answered. */
  check(attempt: Attempt): void
  /** Whether the password was refused, under whatever profile, since it was accepted; epoch milliseconds. */
  wasRefusedSince(attempt: Attempt, acceptedOnTimestamp: number): boolean
  /** What is known of the user. Never rejects. */
  statusOf(rowKey: string): Promise<GuardStatus>
  /** Forgets that passwords of the user were refused. Rejects when the table fails. */
  forget(rowKey: string): Promise<void>
  /** A place to ask with the password. @throws {BrokerError} when it must not be asked now. */
  admit(attempt: Attempt, options: AdmitOptions): Promise<Admission>
}

export interface GuardStatus {
  /** Wrong passwords that hold a place. */
  readonly refusedPasswords: number
  /** Until when the identity provider has locked the account; epoch milliseconds, 0 when it has not. */
  readonly lockedUntilTimestamp: number
}

export interface LockoutGuardOptions {
  readonly rows: RefusalRows
  readonly limits: Omit<RefusalLimits, 'maxRefusedPasswords'>
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
  readonly delay: (timeInMs: number) => Promise<void>
  readonly randomId: () => string
}

export function createLockoutGuard(options: LockoutGuardOptions): LockoutGuard {
  const { rows, limits, now, elapsed, delay, randomId } = options

  /** When a password was refused last; for longer than its window, in this process alone. */
  const refused = new LRUCache<string, number>({ max: MAX_REMEMBERED })

  function limitsFor({ maxRefusedPasswords }: Attempt, { isShared }: KnownRow): RefusalLimits {
    return { ...limits, maxRefusedPasswords: isShared ? maxRefusedPasswords : PLACES_WITHOUT_TABLE }
  }

  function verdictIn(row: KnownRow, attempt: Attempt, hasPlace: boolean): Verdict {
    const limitsHere = limitsFor(attempt, row)
    const verdict = verdictOn(row.refusals, attempt.digest, { now: now(), limits: limitsHere, hasPlace })
    if (verdict.kind === 'refused') refused.set(attempt.digest, verdict.since)
    return verdict
  }

  /** @returns the place, or why there is none. */
  async function reserve(attempt: Attempt, hasPlace: boolean): Promise<Admitted | Denial> {
    const id = randomId()
    const changed = await rows.change(
      attempt.rowKey,
      (row): { refusals: Refusals | undefined; result: Verdict } => {
        const verdict = verdictIn(row, attempt, hasPlace)
        if (verdict.kind !== 'free') return { refusals: undefined, result: verdict }
        const refusals = withReservation(row.refusals, { ...attempt, id }, now(), limitsFor(attempt, row))
        return { refusals, result: verdict }
      },
      ({ tries }) => tries.some((one) => one.id === id),
    )
    if (!changed) return { kind: 'lost', retryAfterInMs: 1_000 }
    if (changed.result.kind !== 'free') return changed.result
    const settle = async (outcome: 'accepted' | ProviderFailure) => {
      if (outcome === 'accepted') refused.delete(attempt.digest)
      else if (outcome.category === 'invalid_credentials') refused.set(attempt.digest, now())
      // A read that was answered late may have hidden it here, or ten thousand other users: the table has it.
      const isKnown = rows.known(attempt.rowKey)?.refusals.tries.some((one) => one.id === id)
      if (!isKnown) await rows.read(attempt.rowKey)
      const settled = await rows.change(attempt.rowKey, (row) => ({
        refusals: withOutcome(row.refusals, id, outcome, now(), limitsFor(attempt, row)),
        result: undefined,
      }))
      const verdict = settled && verdictIn(settled.row, attempt, true)
      return verdict?.kind === 'locked' || verdict?.kind === 'lost' ? verdict.retryAfterInMs : undefined
    }
    const warnings: Warning[] = changed.row.isShared ? [] : [{ code: 'refusals_not_shared' }]
    return { kind: 'admitted', warnings, settle }
  }

  /** Another instance may have freed what this one still believes to be taken. */
  async function reserveAfresh(attempt: Attempt, hasPlace: boolean): Promise<Admitted | Denial> {
    const known = rows.known(attempt.rowKey)
    const isBelieved = known === undefined || elapsed() - known.knownSince < BELIEVED_FOR_IN_MS
    const answer = await reserve(attempt, hasPlace)
    if (isBelieved || !isWorthAnotherLook(answer)) return answer
    await rows.read(attempt.rowKey)
    return reserve(attempt, hasPlace)
  }

  return {
    check(attempt) {
      const row = rows.known(attempt.rowKey)
      const verdict = row && verdictIn(row, attempt, true)
      if (verdict?.kind === 'refused' || verdict?.kind === 'judged') throw errorOf(verdict, now())
    },

    wasRefusedSince: (attempt, acceptedOnTimestamp) =>
      (refused.get(attempt.digest) ?? -Infinity) >= acceptedOnTimestamp,

    async statusOf(rowKey) {
      const { refusals } = await rows.read(rowKey)
      const { lockedUntilTimestamp } = refusals
      return {
        refusedPasswords: refusals.tries.filter(
          ({ state, isCounted, untilTimestamp }) =>
            state === 'refused' && isCounted && untilTimestamp > now(),
        ).length,
        lockedUntilTimestamp: lockedUntilTimestamp > now() ? lockedUntilTimestamp : 0,
      }
    },

    // That a password was refused stays known in this process: it is asked once more, which harms nobody.
    forget: (rowKey) => rows.forget(rowKey),

    async admit(attempt, { hasPlace, waitUntil }) {
      const answer = await reserveAfresh(attempt, hasPlace)
      if (answer.kind === 'admitted') return answer
      if (answer.kind !== 'being_asked') throw errorOf(answer, now())
      while (elapsed() < waitUntil) {
        await delay(POLL_EVERY_MS)
        const verdict = verdictIn(await rows.read(attempt.rowKey), attempt, true)
        if (verdict.kind === 'free') return { kind: 'ended' }
        if (verdict.kind !== 'being_asked') throw errorOf(verdict, now())
      }
      return { kind: 'busy' }
    },
  }
}

function isWorthAnotherLook(answer: Admitted | Denial): boolean {
  return answer.kind === 'full' || answer.kind === 'locked' || answer.kind === 'lost'
}

function errorOf(verdict: Refusal, now: number): BrokerError {
  switch (verdict.kind) {
    case 'refused': {
      const ageInSeconds = Math.max(0, Math.round((now - verdict.since) / 1000))
      return new BrokerError('invalid_credentials', {
        description: `Entra ID refused this user name and password ${ageInSeconds} s ago, and was not asked again.`,
        retryAfterInMs: verdict.retryAfterInMs,
        logDetail: 'known_refused',
      })
    }
    case 'judged':
      return brokerErrorOf({ category: verdict.category, aadsts: verdict.aadsts, detail: 'known_judged' })
    case 'locked':
    case 'full':
      return new BrokerError('account_locked', {
        retryAfterInMs: verdict.retryAfterInMs,
        logDetail: `guard_${verdict.kind}`,
      })
    case 'lost':
  }
  return new BrokerError('temporarily_unavailable', {
    retryAfterInMs: verdict.retryAfterInMs,
    logDetail: 'guard_lost_answer',
  })
}
