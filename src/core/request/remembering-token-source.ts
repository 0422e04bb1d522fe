import { freshnessOf } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import { DEFAULT_CLIENT } from '../client-profile.ts'
import { singleFlight } from '../single-flight.ts'
import type { BrokeredToken, TokenSource } from './brokered-token.ts'
import { fitnessOf } from './fitness.ts'
import type { TokenMemory } from './token-memory.ts'
import { userOf, type TokenRequest } from './token-request.ts'

export interface RememberingTokenSourceOptions {
  readonly source: TokenSource
  readonly memory: TokenMemory
  /** Digest under a key that only this process knows. */
  readonly digestOf: (...parts: string[]) => string
  /** A connection may have two secrets at a time; a user has one password, so that a new one retires the old. */
  readonly isByConnection: (request: TokenRequest) => boolean
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly refreshThresholdInMs: number
}

/** The same source with a memory in front: concurrent requests for the same share one acquisition, later ones its token. */
export function createRememberingTokenSource(options: RememberingTokenSourceOptions): TokenSource {
  const { source, memory, digestOf, now, refreshThresholdInMs } = options
  const flight = singleFlight<BrokeredToken>()

  async function acquire(
    request: TokenRequest,
    userDigest: string,
    passwordDigest: string,
  ): Promise<BrokeredToken> {
    const begunAt = memory.forgettings()
    try {
      const brokered = await source(request)
      const { token, entryKey, verifiedOnTimestamp, connection } = brokered
      const current = memory.get(userDigest)
      // A password that was sent later has retired this one.
      if (!current || current.verifiedOnTimestamp <= verifiedOnTimestamp) {
        const remembered = { token, passwordDigest, entryKey, verifiedOnTimestamp, connection }
        memory.set(userDigest, remembered, begunAt)
      }
      return brokered
    } catch (error) {
      const isRefused = error instanceof BrokerError && error.code === 'invalid_credentials'
      if (isRefused && memory.get(userDigest)?.passwordDigest === passwordDigest) memory.delete(userDigest)
      throw error
    }
  }

  function userDigestOf(request: TokenRequest): string {
    const { client, password } = request
    return options.isByConnection(request)
      ? digestOf('connection', client ?? '', userOf(request), password)
      : digestOf(client ?? DEFAULT_CLIENT, userOf(request))
  }

  async function tokenFor(request: TokenRequest, isSecondTry = false): Promise<BrokeredToken> {
    const userDigest = userDigestOf(request)
    const passwordDigest = digestOf(request.password)
    const fitnessFor = ({ token }: Pick<BrokeredToken, 'token'>) =>
      fitnessOf(token, request, now(), refreshThresholdInMs)

    const remembered = memory.get(userDigest)
    if (remembered?.passwordDigest === passwordDigest) {
      const { token, entryKey, verifiedOnTimestamp, connection } = remembered
      const fitness = fitnessFor(remembered)
      if (fitness === 'too_short') throw tooShort(request, remembered, now())
      if (fitness === 'fresh') {
        return {
          token,
          entryKey,
          verifiedOnTimestamp,
          connection,
          action: 'returned existing token',
          source: 'memory',
          warnings: [],
        }
      }
    }
    // Who joins may wish for more than who began: that is judged afterwards, and never a reason for a flight of its own.
    let hasBegun = false
    const brokered = await flight(`${userDigest} ${passwordDigest}`, () => {
      hasBegun = true
      return acquire(request, userDigest, passwordDigest)
    })
    if (freshnessOf(brokered.token, now(), request.minValidInMs) === 'fresh') return brokered
    // Who began may have wished for less, and not tried as hard; or what was enough at first is not any more.
    const mayHelp = !hasBegun || brokered.notRenewed === undefined
    if (mayHelp && !isSecondTry && fitnessFor(brokered) === 'stale') return tokenFor(request, true)
    throw brokered.notRenewed ?? tooShort(request, brokered, now())
  }

  return (request) => tokenFor(request)
}

function tooShort(
  { minValidInMs }: TokenRequest,
  { token }: Pick<BrokeredToken, 'token'>,
  now: number,
): BrokerError {
  const livesInSeconds = Math.max(0, Math.floor((token.expiresOnTimestamp - now) / 1000))
  return new BrokerError('invalid_request', {
    description: `min_valid_seconds asks for ${minValidInMs / 1000} s, but the token lives only ${livesInSeconds} s, and a new one would not live longer.`,
    remedy: 'Ask for less, or leave min_valid_seconds out.',
  })
}
