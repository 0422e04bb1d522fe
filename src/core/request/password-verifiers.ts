import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { BrokerError } from '../broker-error.ts'

/** One-way, salted and slow. */
export interface PasswordVerifiers {
  create(password: string): Promise<string>
  matches(verifier: string, password: string): Promise<boolean>
}

/** The same, where those who ask for one entry stand in one queue. */
export interface QueuedVerifiers {
  /** Rejects when far too many wait. */
  create(password: string): Promise<string>
  /** @throws {BrokerError} `too_many_requests` when the queue is full. */
  matches(verifier: string, password: string, entryKey: string): Promise<boolean>
}

/** The hashes run on the pool of four threads that DNS uses as well. */
const MAX_AT_ONCE = 2
const MAX_WAITING = 64
const MAX_WAITING_PER_ENTRY = 4
/** Some four seconds on two cores. */
const MAX_NEW_WAITING = 128
const RETRY_AFTER_IN_MS = 2_000

/**
 * Hashes two at a time. Who would have to wait in a long queue is told to come again, so that wrong passwords for one user do
 * not keep everybody else waiting. A new verifier stands in a longer queue: without it a token is given, and not stored.
 */
export function withHashLimit(verifiers: PasswordVerifiers): QueuedVerifiers {
  const limited = pLimit(MAX_AT_ONCE)
  const waiting = new Map<string, number>()
  return {
    async create(password) {
      if (limited.pendingCount >= MAX_NEW_WAITING) throw new HashQueueFull()
      return limited(() => verifiers.create(password))
    },
    async matches(verifier, password, entryKey) {
      const ahead = waiting.get(entryKey) ?? 0
      if (ahead >= MAX_WAITING_PER_ENTRY || limited.pendingCount >= MAX_WAITING) {
        throw new BrokerError('too_many_requests', {
          retryAfterInMs: RETRY_AFTER_IN_MS,
          logDetail: 'hash_queue_full',
        })
      }
      waiting.set(entryKey, ahead + 1)
      try {
        return await limited(() => verifiers.matches(verifier, password))
      } finally {
        const left = (waiting.get(entryKey) ?? 1) - 1
        if (left > 0) waiting.set(entryKey, left)
        else waiting.delete(entryKey)
      }
    },
  }
}

/** So many sign in for the first time that the token must not wait until it can be kept. */
class HashQueueFull extends Error {
  override readonly name = 'HashQueueFull'
}

const MAX_REMEMBERED = 10_000
const MAX_AGE_IN_MS = 3_600_000

/**
 * Remembers which verifiers matched, so that a password is not hashed again at every look at the store: that costs about
 * 70 ms of a core, which an outage of Entra ID would ask for at every request. What did not match is not remembered.
 *
 * @param digestOf under a key that only this process knows.
 * @param elapsed the process's own clock, in milliseconds.
 */
export function rememberMatches(
  verifiers: QueuedVerifiers,
  digestOf: (...parts: string[]) => string,
  elapsed: () => number,
): QueuedVerifiers {
  const matched = new LRUCache<string, true>({
    max: MAX_REMEMBERED,
    ttl: MAX_AGE_IN_MS,
    ttlResolution: 0,
    perf: { now: elapsed },
  })
  return {
    create: (password) => verifiers.create(password),
    async matches(verifier, password, entryKey) {
      const digest = digestOf(verifier, password)
      if (matched.get(digest)) return true
      const isMatch = await verifiers.matches(verifier, password, entryKey)
      if (isMatch) matched.set(digest, true)
      return isMatch
    },
  }
}
