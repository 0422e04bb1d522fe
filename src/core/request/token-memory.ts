import { LRUCache } from 'lru-cache'
import type { AccessToken } from '../access-token.ts'

/** Another instance's refresh, a retired password or a changed profile is noticed after this time at the latest. */
const MAX_AGE_IN_MS = 5 * 60_000
const MAX_SIZE_IN_BYTES = 16 * 1024 * 1024
/** Keys, digests and the map's own records. */
const OVERHEAD_IN_BYTES = 512
/** An acquisition takes seconds: nobody forgets so many entries meanwhile. */
const MAX_FORGOTTEN = 1_000

export interface RememberedToken {
  readonly token: AccessToken
  /** Digest of the one password that may have the token. */
  readonly passwordDigest: string
  /** When that password was sent to the identity provider; epoch milliseconds. */
  readonly verifiedOnTimestamp: number
  /** The entry's name, for the log. */
  readonly entryKey: string
  /** The connection's name, for the log. */
  readonly connection?: string | undefined
}

/** Level 1: the tokens that this process gave out last, one per user of a profile, so that a new password retires the old. */
export interface TokenMemory {
  get(userDigest: string): RememberedToken | undefined
  /** How often something was forgotten: to be asked before an acquisition begins. */
  forgettings(): number
  /** @param begunAt what has been forgotten since then is not remembered again. */
  set(userDigest: string, remembered: RememberedToken, begunAt?: number): void
  delete(userDigest: string): void
  /** Forgets the token of an entry. */
  forget(entryKey: string): void
}

/** Bounded by bytes and by age. `elapsed`: the process's own clock, in milliseconds. */
export function createTokenMemory(elapsed: () => number): TokenMemory {
  const cache = new LRUCache<string, RememberedToken>({
    maxSize: MAX_SIZE_IN_BYTES,
    sizeCalculation: ({ token }) => token.value.length + OVERHEAD_IN_BYTES,
    ttl: MAX_AGE_IN_MS,
    // 0: ask the clock at every look; the default remembers its answer on a timer of its own.
    ttlResolution: 0,
    perf: { now: elapsed },
  })
  /** The so manieth time was the entry's last. */
  const forgotten = new LRUCache<string, number>({ max: MAX_FORGOTTEN })
  let forgettings = 0
  return {
    get: (userDigest) => cache.get(userDigest),
    forgettings: () => forgettings,
    set(userDigest, remembered, begunAt = forgettings) {
      if ((forgotten.get(remembered.entryKey) ?? 0) <= begunAt) cache.set(userDigest, remembered)
    },
    delete: (userDigest) => void cache.delete(userDigest),
    forget(entryKey) {
      forgotten.set(entryKey, (forgettings += 1))
      for (const [userDigest, remembered] of cache.entries()) {
        if (remembered.entryKey === entryKey) cache.delete(userDigest)
      }
    },
  }
}
