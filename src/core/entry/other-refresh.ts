import { freshnessOf, type AccessToken } from '../access-token.ts'
import type { IdentityProvider } from '../provider/identity-provider.ts'
import type { TokenEntryStore } from './token-entry.ts'

const POLL_EVERY_MS = 100
/** A refresh takes Entra ID about 300 ms; an instance that has not finished by now has probably died. */
const MAX_WAIT_IN_MS = 3_000

/** Waits for the token that another instance is about to store. @returns `undefined` when it gave up, or takes too long. */
export type OtherRefresh = (entryKey: string, windowInMs: number) => Promise<AccessToken | undefined>

export interface OtherRefreshParts {
  readonly store: TokenEntryStore
  readonly cachedTokenOf: IdentityProvider['cachedTokenOf']
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly delay: (timeInMs: number) => Promise<void>
}

export function createOtherRefresh({ store, cachedTokenOf, now, delay }: OtherRefreshParts): OtherRefresh {
  return async (entryKey, windowInMs) => {
    const endTimestamp = now() + MAX_WAIT_IN_MS
    for (let polls = 0; polls < MAX_WAIT_IN_MS / POLL_EVERY_MS && now() < endTimestamp; polls++) {
      await delay(POLL_EVERY_MS)
      const stored = await store.read(entryKey).catch(() => undefined)
      const theirs = stored?.entry && cachedTokenOf(stored.entry.serializedCache)
      if (theirs && freshnessOf(theirs, now(), windowInMs) === 'fresh') return theirs
      if (!stored || stored.leasedUntilTimestamp <= now()) return undefined
    }
    return undefined
  }
}
