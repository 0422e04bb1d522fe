import type { Core, CoreSettings } from '../../src/core-composition.ts'
import { BrokerError } from '../../src/core/broker-error.ts'
import type { ClientProfile } from '../../src/core/client-profile.ts'
import type { DueHint } from '../../src/core/entry/due-index.ts'
import type { TokenEntryStore } from '../../src/core/entry/token-entry-store.ts'
import type { IdentityProvider } from '../../src/core/provider/identity-provider.ts'
import { IdentityProviderError, type ProviderFailure } from '../../src/core/provider/provider-failure.ts'
import type { BrokeredToken } from '../../src/core/request/brokered-token.ts'
import type { TokenRequest } from '../../src/core/request/token-request.ts'
import type { Warning } from '../../src/core/warning.ts'
import { composeMemoryCore, PROFILE, refusalOf } from './memory-core.ts'
import { createMemoryConnectionStore } from './memory-connection-store.ts'
import { createMemoryDueIndex } from './memory-due-index.ts'
import { createMemoryEntryStore } from './memory-entry-store.ts'
import { createMemoryRefusalStore } from './memory-refusal-store.ts'

export const NOW = 1_764_000_000_000
export const RIGHT = 'the password'

type Token = BrokeredToken['token']
type Grant = 'password' | 'refresh_token' | 'client_credentials' | 'authorization_code'
/** Stands for a code of the identity provider's. */
interface SignInCode {
  readonly username: string
  readonly objectId: string
  /** Of the sign-in, from 1. */
  readonly number: number
}
/** As the log has it. */
const wordsOf = ({ code, detail }: Warning) => (detail === undefined ? code : `${code} (${detail})`)

/** What happens in place of a call to the store. */
type StoreFault = (operation: keyof TokenEntryStore, apply: () => Promise<unknown>) => Promise<unknown>

/**
 * The core over ports in memory, whose time and whose faults a test sets. Each instance has a memory of its own; the stores, the
 * identity provider and the clock are everybody's. Tokens live an hour.
 */
export function createCoreStage(settings: Partial<CoreSettings> = {}) {
  let now = NOW
  let issued = 0
  let ids = 0
  let keys = 0
  let signIns = 0
  /** What was asked of the identity provider, and of the entry store; in order. */
  const asked: Grant[] = []
  const operations: string[] = []
  const faults: { [grant in Grant]?: ProviderFailure | Error } = {}
  const stage = {
    asked,
    operations,
    faults,
    table: createMemoryEntryStore(),
    connections: createMemoryConnectionStore(),
    dueIndex: createMemoryDueIndex(),
    refusals: createMemoryRefusalStore(() => now),
    /** The only password that is accepted. */
    password: RIGHT,
    tokenLifetimeInMs: 3_600_000,
    /** Of whoever signs in. */
    tenantId: 't',
    random: 0,
    profileOf: async (name: string): Promise<ClientProfile> => ({ ...PROFILE, name }),
    storeFault: undefined as StoreFault | undefined,
    /** Before the identity provider answers. */
    beforeAnswer: async (): Promise<void> => {},
    /** Instead of waiting. */
    onDelay: async (): Promise<void> => {},
    delays: [] as number[],
    now: () => now,
    pass: (timeInMs: number) => void (now += timeInMs),
    cacheOf: (token: Token) => JSON.stringify({ token }),
    instance,
    ask,
    forgetHistory() {
      asked.length = 0
      operations.length = 0
    },
    /** @returns by what is left of the due index: entry key and milliseconds from the start. */
    hints: async () =>
      (await stage.dueIndex.dueBefore(Infinity)).map(({ entryKey, dueTimestamp }) => [
        entryKey,
        dueTimestamp - NOW,
      ]),
    sweep: (
      core: Core,
      hints: readonly DueHint[],
      { horizonInMs = 120_000, endInMs = 45_000 }: { horizonInMs?: number; endInMs?: number } = {},
    ) =>
      core.sweep(hints, {
        horizonTimestamp: now + horizonInMs,
        endTimestamp: now + endInMs,
        correlationId: 'sweep',
      }),
  }

  const issue = (): { token: Token; serializedCache: string } => {
    const token = {
      value: `token ${++issued}`,
      acquiredOnTimestamp: now,
      expiresOnTimestamp: now + stage.tokenLifetimeInMs,
    }
    return { token, serializedCache: stage.cacheOf(token) }
  }

  async function answered(grant: Grant): Promise<void> {
    asked.push(grant)
    await stage.beforeAnswer()
    const fault = faults[grant]
    if (fault) throw fault instanceof Error ? fault : new IdentityProviderError(fault)
  }

  const identityProvider: IdentityProvider = {
    cachedTokenOf: (serializedCache) => (JSON.parse(serializedCache) as { token?: Token }).token,
    async acquireByPassword(_, { password }, persist) {
      await answered('password')
      if (password !== stage.password) throw new IdentityProviderError(refusalOf({ detail: 'wrong' }))
      const { token, serializedCache } = issue()
      return { token, stored: await persist(serializedCache) }
    },
    async acquireByRefreshToken(_, __, persist) {
      await answered('refresh_token')
      const { token, serializedCache } = issue()
      return { token, stored: await persist(serializedCache) }
    },
    async beginSignIn(_, redirectUri) {
      const number = ++signIns
      return {
        url: `https://login.example/?redirect_uri=${redirectUri}`,
        state: `state ${number}`,
        nonce: `nonce ${number}`,
        codeVerifier: `verifier ${number}`,
      }
    },
    // The code says who signed in, and for which request.
    async acquireByCode(_, { code, nonce, codeVerifier }) {
      await answered('authorization_code')
      const { username, objectId, number } = JSON.parse(code) as SignInCode
      if (nonce !== `nonce ${number}` || codeVerifier !== `verifier ${number}`) {
        throw new IdentityProviderError(refusalOf({ category: 'interaction_required', aadsts: 501481 }))
      }
      const account = { tenantId: stage.tenantId, objectId, username }
      return { account, serializedCache: issue().serializedCache }
    },
    async acquireByClientCredentials(_, persist) {
      await answered('client_credentials')
      const { token, serializedCache } = issue()
      return { token, stored: await persist(serializedCache) }
    },
  }

  const through =
    <A extends unknown[], R>(name: keyof TokenEntryStore, run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      operations.push(name)
      const apply = () => run(...args)
      return (stage.storeFault ? await stage.storeFault(name, apply) : await apply()) as R
    }
  const store: TokenEntryStore = {
    read: through('read', (key) => stage.table.read(key)),
    write: through('write', (...args) => stage.table.write(...args)),
    mark: through('mark', (...args) => stage.table.mark(...args)),
    remove: through('remove', (...args) => stage.table.remove(...args)),
    list: through('list', (...args) => stage.table.list(...args)),
  }

  function instance(ofInstance: Partial<CoreSettings> = {}): Core {
    return composeMemoryCore(
      {
        profiles: { get: (name) => stage.profileOf(name) },
        store,
        dueIndex: stage.dueIndex,
        refusals: stage.refusals,
        connections: stage.connections,
        identityProvider,
        clock: { now: () => now, elapsed: () => now - NOW + 1_000 },
        delay: async (timeInMs) => {
          stage.delays.push(timeInMs)
          now += timeInMs
          await stage.onDelay()
        },
        random: () => stage.random,
        randomId: () => `id ${++ids}`,
        randomKey: () => `connection ${++keys}`,
        resolveEntryKey: async (client, username) => `entry of ${username} in ${client}`,
      },
      { ...settings, ...ofInstance },
    )
  }

  /** @returns the answer in words: the token, the action, the source and the warnings, or the error's code and detail. */
  async function ask(core: Core, fields: Partial<TokenRequest> = {}): Promise<string> {
    const request = {
      username: 'u',
      password: RIGHT,
      client: 'default',
      minValidInMs: 0,
      correlationId: 'id',
    }
    try {
      const { token, action, source, warnings } = await core.tokenSource({ ...request, ...fields })
      return [token.value, action, source, ...warnings.map(wordsOf)].join(', ')
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      return [error.code, error.details.logDetail].filter(Boolean).join(': ')
    }
  }

  return stage
}

export type CoreStage = ReturnType<typeof createCoreStage>
