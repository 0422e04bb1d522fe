import type { ICachePlugin } from '@azure/msal-node'
import type { CacheSlot } from '../../core/provider/identity-provider.ts'

/**
 * MSAL's cache, bound to the one entry of a slot. The slot was read before MSAL starts, so loading needs no storage call;
 * saving is one write, and only when something changed. Never throws: an error here would fail an acquisition whose
 * password is already spent.
 */
export function createEntryCachePlugin(slot: CacheSlot): ICachePlugin {
  let isLoaded = slot.serializedCache === undefined
  return {
    async beforeCacheAccess({ tokenCache }) {
      // Once: `deserialize` merges, and would bring back what MSAL has since replaced.
      if (isLoaded) return
      isLoaded = true
      try {
        tokenCache.deserialize(slot.serializedCache ?? '')
      } catch {
        // A cache that this MSAL cannot read holds no refresh token: the acquisition fails as `no_tokens_found`.
      }
    },
    async afterCacheAccess({ cacheHasChanged, tokenCache }) {
      if (cacheHasChanged) await slot.save(tokenCache.serialize())
    },
  }
}
