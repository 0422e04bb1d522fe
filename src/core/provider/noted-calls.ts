import type { IdentityProvider } from './identity-provider.ts'

/** The same provider, which notes each call as it begins: those too whose answer is lost. */
export function withNotedCalls(provider: IdentityProvider, note: () => void): IdentityProvider {
  return {
    cachedTokenOf: provider.cachedTokenOf,
    acquireByPassword(...call) {
      note()
      return provider.acquireByPassword(...call)
    },
    acquireByRefreshToken(...call) {
      note()
      return provider.acquireByRefreshToken(...call)
    },
    beginSignIn: (...call) => provider.beginSignIn(...call),
    acquireByCode(...call) {
      note()
      return provider.acquireByCode(...call)
    },
    acquireByClientCredentials(...call) {
      note()
      return provider.acquireByClientCredentials(...call)
    },
  }
}
