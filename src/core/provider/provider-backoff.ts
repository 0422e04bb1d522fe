import type { ClientProfile } from '../client-profile.ts'
import { categoryOf } from './entra-failure.ts'
import { IdentityProviderError, type IdentityProvider } from './identity-provider.ts'
import type { AccessToken } from '../access-token.ts'

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
  pausedUntilTimestamp: number
  /** How many pauses there were. */
  pauses: number
  /** After a pause one call goes ahead; the others wait for its outcome. */
  isProbing: boolean
}

/**
 * The same identity provider, left alone when it asks for that (`Retry-After`, per authority) and when it fails again and
 * again. A call that is held back fails at once with `transport: 'held_back'`, so that callers with a valid token get it
 * without a wait, and a provider that comes back is not met by all of them at once.
 *
 * @param now epoch milliseconds.
 */
export function withBackoff(identityProvider: IdentityProvider, now: () => number): IdentityProvider {
  const states = new Map<string, AuthorityState>()

  function stateOf({ authority }: ClientProfile): AuthorityState {
    const state = states.get(authority) ?? {
      failures: 0,
      pauseInMs: 0,
      pausedUntilTimestamp: 0,
      pauses: 0,
      isProbing: false,
    }
    states.set(authority, state)
    return state
  }

  async function ask(
    grant: 'password' | 'refresh_token',
    profile: ClientProfile,
    acquire: () => Promise<AccessToken>,
  ): Promise<AccessToken> {
    const state = stateOf(profile)
    const isProbe = state.pauseInMs > 0
    if (now() < state.pausedUntilTimestamp || (isProbe && state.isProbing)) {
      const retryAfterInMs = Math.max(state.pausedUntilTimestamp - now(), FIRST_PAUSE_IN_MS)
      throw new IdentityProviderError({ grant, transport: 'held_back', retryAfterInMs })
    }
    const pausesAtStart = state.pauses
    // A call that began before the latest pause knows nothing of what the pause is for.
    const settle = () => {
      if (state.pauses === pausesAtStart) {
        Object.assign(state, { failures: 0, pauseInMs: 0, pausedUntilTimestamp: 0 })
      }
    }
    state.isProbing = isProbe
    try {
      const token = await acquire()
      settle()
      return token
    } catch (error) {
      if (error instanceof IdentityProviderError) {
        // Any other refusal is an answer: the provider is there.
        if (categoryOf(error.failure) === 'temporarily_unavailable') note(state, error, isProbe)
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
    state.pausedUntilTimestamp = Math.max(state.pausedUntilTimestamp, now() + timeInMs)
  }

  return {
    cachedTokenOf: identityProvider.cachedTokenOf,
    acquireByPassword: (profile, credentials, slot, correlationId) =>
      ask('password', profile, () =>
        identityProvider.acquireByPassword(profile, credentials, slot, correlationId),
      ),
    acquireByRefreshToken: (profile, slot, correlationId) =>
      ask('refresh_token', profile, () =>
        identityProvider.acquireByRefreshToken(profile, slot, correlationId),
      ),
  }
}
