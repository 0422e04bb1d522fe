import { expect, test } from '@jest/globals'
import type { Core } from '../../../src/core-composition.ts'
import type { ClientProfile } from '../../../src/core/client-profile.ts'
import type { TokenEntryStore } from '../../../src/core/entry/token-entry-store.ts'
import type { IdentityProvider } from '../../../src/core/provider/identity-provider.ts'
import { IdentityProviderError, type ProviderFailure } from '../../../src/core/provider/provider-failure.ts'
import { composeMemoryCore, PROFILE, refusalOf } from '../../support/memory-core.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'
import { createMemoryEntryStore } from '../../support/memory-entry-store.ts'
import { createMemoryRefusalStore } from '../../support/memory-refusal-store.ts'
import { NO_CONNECTIONS } from '../../support/no-connections.ts'

const NOW = 1_764_000_000_000
const HOUR = 3_600_000
const turns = async () => {
  for (let n = 0; n < 20; n++) await new Promise(setImmediate)
}

/** Instances that share stores, an identity provider and the time of day; each has memory and a clock of its own. */
function createStage() {
  let now = NOW
  let issued = 0
  let password = 'OLD'
  let lock: ProviderFailure | undefined
  let current = PROFILE
  const asked: string[] = []
  const gates = new Map<string, Promise<void>>()
  const table = createMemoryEntryStore()
  let isTakingWrites = true
  const store: TokenEntryStore = {
    ...table,
    write: (...args) => (isTakingWrites ? table.write(...args) : Promise.reject(new Error('no writes'))),
  }
  const issue = (issuedFor: ClientProfile) => {
    const token = {
      value: `token ${++issued} of ${password} for ${issuedFor.fingerprint}`,
      acquiredOnTimestamp: now,
      expiresOnTimestamp: now + HOUR,
    }
    return { token, cache: JSON.stringify({ token }) }
  }
  const identityProvider: IdentityProvider = {
    ...NO_CONNECTIONS,
    cachedTokenOf: (cache) => (JSON.parse(cache) as { token: ReturnType<typeof issue>['token'] }).token,
    async acquireByPassword(profile, credentials, persist) {
      asked.push(credentials.password)
      if (lock) throw new IdentityProviderError(lock)
      if (credentials.password !== password) throw new IdentityProviderError(refusalOf({}))
      const { token, cache } = issue(profile)
      await gates.get(credentials.password)
      return { token, stored: await persist(cache) }
    },
    async acquireByRefreshToken(profile, _, persist) {
      asked.push('refresh')
      const { token, cache } = issue(profile)
      await gates.get('refresh')
      return { token, stored: await persist(cache) }
    },
  }
  const dueIndex = createMemoryDueIndex()
  const refusals = createMemoryRefusalStore(() => now)
  let skew = 0
  // Not 0: a cache that measures ages takes 0 for "no time yet".
  let passed = 1_000
  let ids = 0
  const instance = () =>
    composeMemoryCore({
      profiles: { get: async () => current },
      store,
      dueIndex,
      refusals,
      identityProvider,
      clock: { now: () => now + skew, elapsed: () => passed },
      delay: async (timeInMs) => {
        passed += timeInMs
        await turns()
      },
      randomId: () => `id ${++ids}`,
    })
  return {
    asked,
    instance,
    pass(timeInMs: number) {
      now += timeInMs
      passed += timeInMs
    },
    setBack: (timeInMs: number) => void (skew = -timeInMs),
    change: (to: string) => void (password = to),
    lockWith: (failure: ProviderFailure | undefined) => void (lock = failure),
    setProfile: (fingerprint: string) => void (current = { ...current, fingerprint }),
    takeWrites: (isTaking: boolean) => void (isTakingWrites = isTaking),
    /** Holds back the answer to a password, or to a refresh, until the returned function is called. */
    hold(what: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      gates.set(what, promise)
      return () => {
        gates.delete(what)
        resolve()
      }
    },
    ask: async (core: Core, secret: string, minValidInMs = 0): Promise<string> => {
      try {
        const { token } = await core.tokenSource({
          username: 'u',
          password: secret,
          client: 'default',
          minValidInMs,
          correlationId: '',
        })
        return token.value
      } catch (error) {
        return (error as { code: string }).code
      }
    },
  }
}

test('1. an old password whose answer is slow does not overwrite a new one that was sent after it', async () => {
  const stage = createStage()
  const [first, second] = [stage.instance(), stage.instance()]
  const answerOld = stage.hold('OLD')
  const old = stage.ask(first, 'OLD')
  await turns()
  stage.pass(1_000)
  stage.change('NEW')
  expect(await stage.ask(second, 'NEW')).toBe('token 2 of NEW for f1')
  answerOld()
  expect(await old).toBe('token 1 of OLD for f1')
  const third = stage.instance()
  expect(await stage.ask(third, 'NEW')).toBe('token 2 of NEW for f1')
  expect(await stage.ask(third, 'OLD')).toBe('invalid_credentials')
})

test("2. who waits for another instance's refresh is not handed the token of another password or profile", async () => {
  for (const change of ['password', 'profile']) {
    const stage = createStage()
    const [first, second] = [stage.instance(), stage.instance()]
    await stage.ask(first, 'OLD')
    stage.pass(HOUR - 500_000)
    const answer = stage.hold('refresh')
    const refreshing = stage.ask(first, 'OLD')
    await turns()
    const waiting = stage.ask(second, 'OLD')
    await turns()
    if (change === 'password') {
      stage.change('NEW')
      expect(await stage.ask(stage.instance(), 'NEW')).toBe('token 3 of NEW for f1')
    } else {
      stage.setProfile('f2')
      expect(await stage.ask(stage.instance(), 'OLD')).toBe('token 3 of OLD for f2')
    }
    answer()
    await refreshing
    expect(await waiting).toBe(change === 'password' ? 'invalid_credentials' : 'token 4 of OLD for f1')
  }
})

test('3. while the table takes no writes, a row that should have been replaced does not open to the old password', async () => {
  const stage = createStage()
  const core = stage.instance()
  await stage.ask(core, 'OLD')
  stage.change('NEW')
  stage.takeWrites(false)
  stage.pass(1_000)
  expect(await stage.ask(core, 'NEW')).toBe('token 2 of NEW for f1')
  stage.pass(400_000)
  expect(await stage.ask(core, 'OLD')).toBe('invalid_credentials')
  stage.takeWrites(true)
  await core.tick({ periodInMs: 60_000, timeLimitInMs: 60_000, correlationId: '' })
  expect(await stage.ask(stage.instance(), 'NEW')).toBe('token 2 of NEW for f1')
})

test('4. while an account is kept locked, its owner goes on by the refresh token, until twice PASSWORD_MAX_AGE', async () => {
  const stage = createStage()
  const core = stage.instance()
  await stage.ask(core, 'OLD')
  stage.pass(24 * HOUR)
  stage.lockWith(refusalOf({ category: 'account_locked', retryAfterInMs: 300_000 }))
  for (let hour = 0; hour < 24; hour++) {
    expect(await stage.ask(core, 'OLD')).toMatch(/^token \d+ of OLD/)
    stage.pass(HOUR)
  }
  expect(await stage.ask(core, 'OLD')).toBe('account_locked')
})

test('5. a clock that is set back by a day neither keeps a retired password nor honours a lease a day ahead', async () => {
  const stage = createStage()
  const core = stage.instance()
  await stage.ask(core, 'OLD')
  stage.change('NEW')
  await stage.ask(stage.instance(), 'NEW')
  stage.setBack(24 * HOUR)
  stage.pass(300_001)
  expect(await stage.ask(core, 'OLD')).toBe('invalid_credentials')

  const other = createStage()
  const leasing = other.instance()
  await other.ask(leasing, 'OLD')
  other.pass(HOUR - 500_000)
  const answer = other.hold('refresh')
  const refreshing = other.ask(leasing, 'OLD')
  await turns()
  other.setBack(24 * HOUR)
  other.asked.length = 0
  void other.ask(other.instance(), 'OLD')
  await turns()
  // The lease lies a day ahead of this clock; nobody waits for it. (The token does not look old to it either.)
  expect(other.asked).toEqual([])
  answer()
  await refreshing
})

test('6. fifty wrong tries at once, each wishing for another life, are one call', async () => {
  const stage = createStage()
  const core = stage.instance()
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => stage.ask(core, 'WRONG', n * 1000)))
  expect([new Set(answers), stage.asked]).toEqual([new Set(['invalid_credentials']), ['WRONG']])
})
