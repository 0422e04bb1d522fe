import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { Core } from '../../src/core-composition.ts'
import { BrokerError } from '../../src/core/broker-error.ts'
import type { IdentityProvider } from '../../src/core/provider/identity-provider.ts'
import { IdentityProviderError } from '../../src/core/provider/provider-failure.ts'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import { alwaysAnswering } from '../../src/functions/always-answering.ts'
import { createRequestTokenHandler } from '../../src/functions/requesttoken.ts'
import { createCallerNames } from '../../src/http/caller.ts'
import { createInvocation } from './invocation.ts'
import { composeMemoryCore, PROFILE, refusalOf } from './memory-core.ts'
import { NO_CONNECTIONS } from './no-connections.ts'

const REFUSED = refusalOf({ detail: 'password 400 invalid_grant' })

export interface MemoryBroker extends Pick<Core, 'tick'> {
  /** As the host calls the function. Every line that was logged meanwhile comes with the answer. */
  call(http: HttpRequest): Promise<{ response: HttpResponseInit; lines: unknown[] }>
  /** What the identity provider was asked, in order: `password` or `refresh_token`. */
  readonly asked: string[]
}

/**
 * The whole function over ports in memory: real core, real HTTP objects, no network.
 *
 * @param isRight whether the identity provider accepts a password.
 */
export function createMemoryBroker(options: {
  readonly now: () => number
  readonly isRight: (username: string, password: string) => boolean
  readonly hasProfile?: (name: string) => boolean
}): MemoryBroker {
  const { now, isRight, hasProfile = (name) => name === 'default' } = options
  const digest = createKeyedDigest(new Uint8Array(32))
  const asked: string[] = []
  let ids = 0
  const tokenOf = (username: string) => ({
    value: `token ${++ids} of ${username}`,
    acquiredOnTimestamp: now(),
    expiresOnTimestamp: now() + 3_600_000,
  })
  const identityProvider: IdentityProvider = {
    cachedTokenOf: (serializedCache) =>
      (JSON.parse(serializedCache) as { token: ReturnType<typeof tokenOf> }).token,
    async acquireByPassword(_, { username, password }, persist) {
      asked.push('password')
      if (!isRight(username, password)) throw new IdentityProviderError(REFUSED)
      const token = tokenOf(username)
      return { token, stored: await persist(JSON.stringify({ username, token })) }
    },
    async acquireByRefreshToken(_, serializedCache, persist) {
      asked.push('refresh_token')
      const { username } = JSON.parse(serializedCache) as { username: string }
      const token = tokenOf(username)
      return { token, stored: await persist(JSON.stringify({ username, token })) }
    },
    ...NO_CONNECTIONS,
  }
  const core = composeMemoryCore(
    {
      profiles: {
        async get(name) {
          if (!hasProfile(name)) throw new BrokerError('unknown_client')
          return { ...PROFILE, name, fingerprint: name }
        },
      },
      identityProvider,
      clock: { now, elapsed: now },
    },
    { waitLimitInMs: 0 },
  )
  const handler = alwaysAnswering(
    createRequestTokenHandler(() => ({
      tokenSource: core.tokenSource,
      now,
      deadlineInMs: 20_000,
      resolveCaller: createCallerNames({
        digest: async (...parts) => digest('caller', ...parts),
        trustsPrincipal: false,
      }),
    })),
  )
  return {
    tick: core.tick,
    asked,
    async call(http) {
      const { context, lines } = createInvocation('requesttoken')
      return { response: await handler(http, context), lines }
    },
  }
}
