import { expect, test } from '@jest/globals'
import type { IdentityProvider } from '../../../src/core/provider/identity-provider.ts'
import { composeMemoryCore } from '../../support/memory-core.ts'
import { createMemoryEntryStore } from '../../support/memory-entry-store.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'
import { createMemoryRefusalStore } from '../../support/memory-refusal-store.ts'
import { NO_CONNECTIONS } from '../../support/no-connections.ts'

const NOW = 1_764_000_000_000
const HOUR = 3_600_000

test('who is served while the password is being asked under another profile uses the entry all the same', async () => {
  let now = NOW
  let gate: Promise<void> | undefined
  const { promise: isAsked, resolve: noteAsked } = Promise.withResolvers<void>()
  const token = () => ({ value: 'token', acquiredOnTimestamp: now, expiresOnTimestamp: now + 5 * HOUR })
  const identityProvider: IdentityProvider = {
    ...NO_CONNECTIONS,
    cachedTokenOf: (cache) => JSON.parse(cache) as ReturnType<typeof token>,
    async acquireByPassword(_profile, _credentials, persist) {
      if (gate) noteAsked()
      await gate
      return { token: token(), stored: await persist(JSON.stringify(token())) }
    },
    acquireByRefreshToken: () => Promise.reject(new Error('nothing is due')),
  }
  const store = createMemoryEntryStore()
  const shared = { store, dueIndex: createMemoryDueIndex(), refusals: createMemoryRefusalStore(() => now) }
  const settings = { passwordMaxAgeInMs: 2 * HOUR, waitLimitInMs: 0 }
  const instance = () =>
    composeMemoryCore(
      { ...shared, identityProvider, clock: { now: () => now, elapsed: () => now } },
      settings,
    )
  const [first, second] = [instance(), instance()]
  const ask = (core: typeof first, client: string) =>
    core.tokenSource({ username: 'u', password: 'p', client, minValidInMs: 0, correlationId: '' })

  await ask(first, 'one')
  now += 2 * HOUR
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  gate = promise
  const asking = ask(first, 'two')
  await isAsked
  const served = await ask(second, 'one')
  expect([served.action, served.notRenewed?.code]).toEqual([
    'returned existing token',
    'temporarily_unavailable',
  ])
  expect((await store.read(served.entryKey))?.lastUsedTimestamp).toBe(NOW + 2 * HOUR)
  answer()
  await asking
})
