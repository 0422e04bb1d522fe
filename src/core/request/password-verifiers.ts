import { LRUCache } from 'lru-cache'

/** One-way, salted and slow. */
export interface PasswordVerifiers {
  create(password: string): Promise<string>
  matches(verifier: string, password: string): Promise<boolean>
}

const MAX_REMEMBERED = 10_000
const MAX_AGE_IN_MS = 3_600_000

/**
 * Remembers which verifiers matched, so that a password is not hashed again at every look at the store: that costs about
 * 70 ms of a core, which an outage of Entra ID would ask for at every request. What did not match is not remembered.
 *
 * @param digestOf under a key that only this process knows.
 * @param elapsed the process's own clock.
 */
export function rememberMatches(
  verifiers: PasswordVerifiers,
  digestOf: (...parts: string[]) => string,
  elapsed: () => number,
): PasswordVerifiers {
  const matched = new LRUCache<string, true>({
    max: MAX_REMEMBERED,
    ttl: MAX_AGE_IN_MS,
    ttlResolution: 0,
    perf: { now: elapsed },
  })
  return {
    create: (password) => verifiers.create(password),
    async matches(verifier, password) {
      const digest = digestOf(verifier, password)
      if (matched.get(digest)) return true
      const isMatch = await verifiers.matches(verifier, password)
      if (isMatch) matched.set(digest, true)
      return isMatch
    },
  }
}
