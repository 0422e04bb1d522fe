import { LRUCache } from 'lru-cache'
import type { ClientProfile } from '../client-profile.ts'
import { IdentityProviderError, type ProviderFailure } from './provider-failure.ts'

const FIRST_PAUSE_IN_MS = 1_000
const MAX_PAUSE_IN_MS = 30_000
/** Whoever asks for more is asked again after this time all the same. */
const MAX_RETRY_AFTER_IN_MS = 5 * 60_000
/** Nothing but a change of the profile mends it. */
const PROFILE_PAUSE_IN_MS = 30_000
/** So many failures in a row are no longer one call's bad luck. */
const FAILURES_BEFORE_ACCOUNT_PAUSE = 3
/** So many accounts within the time, and nobody answered between, are no longer their own fault. */
const ACCOUNTS_BEFORE_AUTHORITY_PAUSE = 3
const ACCOUNTS_WITHIN_MS = 60_000
const FORGOTTEN_AFTER_MS = 60_000
const MAX_STATES = 10_000

/** On whose behalf the identity provider is asked. */
export interface Account {
  readonly profile: ClientProfile
  /** Names the user of the profile. */
  readonly entryKey: string
}

/**
 * Leaves the identity provider alone where it fails or asks for that, and nowhere else: an account's failure pauses the
 * account, a profile's the profile, and the authority is paused only when several accounts fail and none is answered.
 */
export interface Pauses {
  /** Why the account must not be asked for now; `undefined` when it may. */
  heldBack(account: Account): ProviderFailure | undefined
  /** Asks, unless it is held back, and learns from the outcome. @throws {IdentityProviderError} `isHeldBack`, or the task's own. */
  run<T>(account: Account, task: () => Promise<T>): Promise<T>
}

/** One pause after another, each twice as long, until somebody is answered. */
interface Pause {
  /** 0: there is none. */
  readonly lengthInMs: number
  readonly until: number
  /** What it is for. */
  readonly failure: ProviderFailure
  /** Whose failure began it: the first to ask after it is another one. */
  readonly entryKey: string
}

interface AccountState {
  readonly failures: number
  readonly pause: Pause | undefined
}

interface AuthorityState {
  pause: Pause | undefined
  /** How many pauses there were: a call that began before the latest one knows nothing of what it is for. */
  pauses: number
  /** The accounts that failed since somebody was answered, and when. */
  failed: Map<string, number>
  isProbing: boolean
}

/** @param elapsed the process's own clock, in milliseconds. */
export function createPauses(elapsed: () => number): Pauses {
  const accounts = new LRUCache<string, AccountState>({ max: MAX_STATES })
  const profiles = new LRUCache<string, Pause>({ max: MAX_STATES })
  const authorities = new LRUCache<string, AuthorityState>({ max: MAX_STATES })

  function authorityOf({ profile }: Account): AuthorityState {
    const state = authorities.get(profile.authority) ?? {
      pause: undefined,
      pauses: 0,
      failed: new Map(),
      isProbing: false,
    }
    authorities.set(profile.authority, state)
    // What nobody has asked after for so long is forgotten: the first two to ask must not wait for each other.
    if (state.pause && !state.isProbing && elapsed() >= state.pause.until + FORGOTTEN_AFTER_MS) {
      state.pause = undefined
      state.failed.clear()
    }
    return state
  }

  function nextPause(
    before: Pause | undefined,
    failure: ProviderFailure,
    entryKey: string,
    lengthInMs?: number,
  ): Pause {
    const doubledInMs = Math.min(Math.max(2 * (before?.lengthInMs ?? 0), FIRST_PAUSE_IN_MS), MAX_PAUSE_IN_MS)
    const askedInMs = Math.min(failure.retryAfterInMs ?? 0, MAX_RETRY_AFTER_IN_MS)
    const until = elapsed() + (lengthInMs ?? Math.max(doubledInMs, askedInMs))
    return { lengthInMs: doubledInMs, until: Math.max(until, before?.until ?? 0), failure, entryKey }
  }

  function pauseOf(account: Account): Pause | undefined {
    const now = elapsed()
    const narrow = [accounts.get(account.entryKey)?.pause, profiles.get(account.profile.name)].find(
      (pause) => pause && now < pause.until,
    )
    if (narrow) return narrow
    const { pause, isProbing } = authorityOf(account)
    if (!pause || now >= pause.until + pause.lengthInMs) return isProbing ? pause : undefined
    // The account that failed last proves nothing: another one goes first, as long as one may come.
    const isHeld = now < pause.until || isProbing || pause.entryKey === account.entryKey
    return isHeld ? pause : undefined
  }

  function heldBack(account: Account): ProviderFailure | undefined {
    const pause = pauseOf(account)
    if (!pause) return undefined
    const retryAfterInMs = Math.max(pause.until - elapsed(), FIRST_PAUSE_IN_MS)
    const { failure } = pause
    const detail = `held_back ${failure.detail}`
    return { ...failure, judgement: 'not_judged', isHeldBack: true, retryAfterInMs, detail }
  }

  /** Somebody was answered, whatever the answer. */
  function settleAuthority(state: AuthorityState, pausesAtStart: number): void {
    if (state.pauses !== pausesAtStart) return
    state.pause = undefined
    state.failed.clear()
  }

  function note(account: Account, failure: ProviderFailure, wasProbe: boolean): void {
    if (failure.scope === 'profile') {
      const pause = nextPause(undefined, failure, account.entryKey, PROFILE_PAUSE_IN_MS)
      profiles.set(account.profile.name, pause)
      return
    }
    const before = accounts.get(account.entryKey) ?? { failures: 0, pause: undefined }
    const failures = before.failures + 1
    const isOwn = failure.scope !== 'service' || failure.retryAfterInMs !== undefined
    const isPaused = isOwn || failures >= FAILURES_BEFORE_ACCOUNT_PAUSE
    const pause = isPaused ? nextPause(before.pause, failure, account.entryKey) : before.pause
    accounts.set(account.entryKey, { failures, pause })
    if (failure.scope === 'service') noteAuthority(account, failure, wasProbe)
  }

  function noteAuthority(account: Account, failure: ProviderFailure, wasProbe: boolean): void {
    const state = authorityOf(account)
    const now = elapsed()
    state.failed.set(account.entryKey, now)
    for (const [entryKey, at] of state.failed) {
      if (now - at >= ACCOUNTS_WITHIN_MS) state.failed.delete(entryKey)
    }
    // A failed probe pauses again; stragglers of before the pause do not.
    const isNews = wasProbe || !state.pause
    if (!isNews || (!wasProbe && state.failed.size < ACCOUNTS_BEFORE_AUTHORITY_PAUSE)) return
    state.pause = nextPause(state.pause, failure, account.entryKey)
    state.pauses++
  }

  async function run<T>(account: Account, task: () => Promise<T>): Promise<T> {
    const held = heldBack(account)
    if (held) throw new IdentityProviderError(held)
    const state = authorityOf(account)
    const isProbe = state.pause !== undefined
    const pausesAtStart = state.pauses
    if (isProbe) state.isProbing = true
    try {
      const result = await task()
      accounts.delete(account.entryKey)
      settleAuthority(state, pausesAtStart)
      return result
    } catch (error) {
      if (error instanceof IdentityProviderError) {
        const { category, scope } = error.failure
        const isPassing = category === 'temporarily_unavailable'
        if (!isPassing) accounts.delete(account.entryKey)
        // Any other answer, and one about the account alone, proves that the authority is there.
        if (!isPassing || scope !== 'service') settleAuthority(state, pausesAtStart)
        if (isPassing || scope === 'profile') note(account, error.failure, isProbe)
      }
      throw error
    } finally {
      if (isProbe) state.isProbing = false
    }
  }

  return { heldBack, run }
}
