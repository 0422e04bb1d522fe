import type { ClientProfile } from '../client-profile.ts'
import type { Acquired, IdentityProvider } from './identity-provider.ts'
import { IdentityProviderError } from './provider-failure.ts'

/** An authority that asks for more is asked again after this time all the same: its word may be about one user. */
const MAX_RETRY_AFTER_IN_MS = 5 * 60_000
/** So many failures in a row are no longer one caller's bad luck. */
const FAILURES_BEFORE_PAUSE = 5
const FIRST_PAUSE_IN_MS = 1_000
const MAX_PAUSE_IN_MS = 30_000

interface AuthorityState {
  /** Passing failures since the last answer. */
  failures: number
  pauseInMs: number
  pausedUntil: number
  /** How many pauses there were. */
  pauses: number
  /** After a pause one call goes ahead; the others wait for its outcome. */
  isProbing: boolean
}

/**
 * The same identity provider, left alone when it asks for that (`Retry-After`, per authority) and when it fails again and
 * again. A call that is held back fails at once as `isHeldBack`, so that callers with a valid token get it
 * without a wait, and a provider that comes back is not met by all of them at once.
 *
 * @param elapsed the process's own clock.
 */
export function withBackoff(identityProvider: IdentityProvider, elapsed: () => number): IdentityProvider {
  const states = new Map<string, AuthorityState>()

  function stateOf({ authority }: ClientProfile): AuthorityState {
    const state = states.get(authority) ?? {
      failures: 0,
      pauseInMs: 0,
      pausedUntil: 0,
      pauses: 0,
      isProbing: false,
    }
    states.set(authority, state)
    return state
  }

  async function ask(profile: ClientProfile, acquire: () => Promise<Acquired>): Promise<Acquired> {
    const state = stateOf(profile)
    const isProbe = state.pauseInMs > 0
    if (elapsed() < state.pausedUntil || (isProbe && state.isProbing)) {
      const retryAfterInMs = Math.max(state.pausedUntil - elapsed(), FIRST_PAUSE_IN_MS)
      throw heldBack(retryAfterInMs)
    }
    const pausesAtStart = state.pauses
    // A call that began before the latest pause knows nothing of what the pause is for.
    const settle = () => {
      if (state.pauses === pausesAtStart) {
        Object.assign(state, { failures: 0, pauseInMs: 0, pausedUntil: 0 })
      }
    }
    state.isProbing = isProbe
    try {
      const acquired = await acquire()
      settle()
      return acquired
    } catch (error) {
      if (error instanceof IdentityProviderError) {
        // Any other refusal is an answer: the provider is there.
        if (error.failure.category === 'temporarily_unavailable') note(state, error, isProbe)
        else settle()
      }
      throw error
    } finally {
      if (isProbe) state.isProbing = false
    }
  }

  function note(state: AuthorityState, { failure }: IdentityProviderError, isProbe: boolean): void {
    state.failures++
    if (failure.retryAfterInMs) {
      state.pauseInMs = Math.max(state.pauseInMs, FIRST_PAUSE_IN_MS)
      pauseFor(state, Math.min(failure.retryAfterInMs, MAX_RETRY_AFTER_IN_MS))
    } else if (state.failures >= FAILURES_BEFORE_PAUSE && (isProbe || state.pauseInMs === 0)) {
      state.pauseInMs = Math.min(Math.max(state.pauseInMs * 2, FIRST_PAUSE_IN_MS), MAX_PAUSE_IN_MS)
      pauseFor(state, state.pauseInMs)
    }
  }

  function pauseFor(state: AuthorityState, timeInMs: number): void {
    state.pauses++
    state.pausedUntil = Math.max(state.pausedUntil, elapsed() + timeInMs)
  }

  return {
    cachedTokenOf: identityProvider.cachedTokenOf,
    acquireByPassword: (profile, credentials, persist, correlationId) =>
      ask(profile, () => identityProvider.acquireByPassword(profile, credentials, persist, correlationId)),
    acquireByRefreshToken: (profile, serializedCache, persist, correlationId) =>
      ask(profile, () =>
        identityProvider.acquireByRefreshToken(profile, serializedCache, persist, correlationId),
      ),
  }
}

function heldBack(retryAfterInMs: number): IdentityProviderError {
  return new IdentityProviderError({
    category: 'temporarily_unavailable',
    scope: 'service',
    judgement: 'not_judged',
    isHeldBack: true,
    retryAfterInMs,
    detail: 'held_back',
  })
}
