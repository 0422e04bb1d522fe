import { freshnessOf } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import { singleFlight } from '../single-flight.ts'
import type { TokenAcquirer } from './token-source.ts'
import type { TokenMemory } from './token-memory.ts'
import { userOf, type BrokeredToken, type TokenRequest } from './token-request.ts'

export interface TokenBrokerParts {
  readonly memory: TokenMemory
  readonly acquireToken: TokenAcquirer
  /** Digest under a key that only this process knows. */
  readonly digestOf: (...parts: string[]) => string
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly refreshThresholdInMs: number
}

/** A usable token for a user name and a password: from memory, from the store, or from Entra ID, in this order. */
export interface TokenBroker {
  /** Concurrent requests that ask for the same share one acquisition. @throws {BrokerError} */
  requestToken(request: TokenRequest): Promise<BrokeredToken>
}

export function createTokenBroker(parts: TokenBrokerParts): TokenBroker {
  const { memory, now } = parts
  const flight = singleFlight<BrokeredToken>()

  async function requestToken(request: TokenRequest): Promise<BrokeredToken> {
    const windowInMs = Math.max(parts.refreshThresholdInMs, request.minValidInMs)
    const userDigest = parts.digestOf(request.client, userOf(request))
    const passwordDigest = parts.digestOf(request.password)
    const remembered = memory.get(userDigest)
    if (
      remembered?.passwordDigest === passwordDigest &&
      freshnessOf(remembered.token, now(), windowInMs) === 'fresh'
    ) {
      const { token, entryKey } = remembered
      return { token, entryKey, action: 'returned existing token', source: 'memory', warnings: [] }
    }
    const acquire = async () => {
      try {
        const brokered = await parts.acquireToken(request, windowInMs)
        // Unless another password was accepted meanwhile: then this one is the retired one.
        const current = memory.get(userDigest)
        if (!current || current === remembered) {
          memory.set(userDigest, { token: brokered.token, passwordDigest, entryKey: brokered.entryKey })
        }
        return brokered
      } catch (error) {
        const isRefused = error instanceof BrokerError && error.code === 'invalid_credentials'
        if (isRefused && memory.get(userDigest)?.passwordDigest === passwordDigest) memory.delete(userDigest)
        throw error
      }
    }
    // Everything that decides the answer.
    return flight([userDigest, passwordDigest, request.minValidInMs].join(' '), acquire)
  }

  return { requestToken }
}
