import type { ICachePlugin } from '@azure/msal-node'
import type { Persist, PersistOutcome } from '../../core/provider/identity-provider.ts'

export interface EntryCachePlugin {
  readonly plugin: ICachePlugin
  /** What became of the cache, once MSAL is done. */
  readonly outcome: () => PersistOutcome
}

/**
 * MSAL's cache, bound to one entry: it is loaded from what was stored, and persisted once, when it has changed. Never throws:
 * an error here would fail an acquisition whose password is already spent.
 *
 * @param serializedCache what was stored; `undefined` starts from an empty cache.
 */
export function createEntryCachePlugin(
  serializedCache: string | undefined,
  persist: Persist,
): EntryCachePlugin {
  let isLoaded = serializedCache === undefined
  let outcome: PersistOutcome | undefined
  return {
    plugin: {
      async beforeCacheAccess({ tokenCache }) {
        // Once: `deserialize` merges, and would bring back what MSAL has since replaced.
        if (isLoaded) return
        isLoaded = true
        try {
          tokenCache.deserialize(serializedCache ?? '')
        } catch {
          // A cache that this MSAL cannot read holds no refresh token: the acquisition fails as `no_tokens_found`.
        }
      },
      async afterCacheAccess({ cacheHasChanged, tokenCache }) {
        if (!cacheHasChanged || outcome) return
        outcome = notStored('persist')
        try {
          outcome = await persist(tokenCache.serialize())
        } catch {
          // `outcome` says so already.
        }
      },
    },
    outcome: () => outcome ?? notStored('unchanged'),
  }
}

function notStored(detail: string): PersistOutcome {
  return { kind: 'failed', warning: { code: 'token_not_stored', detail } }
}
