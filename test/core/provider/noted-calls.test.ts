import { expect, test } from '@jest/globals'
import type { IdentityProvider, Persist } from '../../../src/core/provider/identity-provider.ts'
import { withNotedCalls } from '../../../src/core/provider/noted-calls.ts'
import { PROFILE } from '../../support/memory-core.ts'

const TOKEN = { value: 'token', acquiredOnTimestamp: 1, expiresOnTimestamp: 2 }
const CREDENTIALS = { username: 'u', password: 'p' }
const persist: Persist = async () => ({ kind: 'stored' })

const REQUEST = { url: '', state: 's', nonce: 'n', codeVerifier: 'v' }
const CODE = { code: 'c', redirectUri: 'r', nonce: 'n', codeVerifier: 'v' }
const SIGNED_IN = {
  account: { tenantId: 't', objectId: 'o', username: 'u' },
  serializedCache: 'cache',
}

/** What happened, in order. */
function createStage(answer: () => Promise<typeof TOKEN>) {
  const told: unknown[] = []
  const acquire =
    (name: string) =>
    async (...call: unknown[]) => {
      told.push([name, ...call])
      return { token: await answer(), stored: { kind: 'stored' } as const }
    }
  const provider: IdentityProvider = {
    acquireByPassword: acquire('password'),
    acquireByRefreshToken: acquire('refresh token'),
    acquireByClientCredentials: acquire('client credentials'),
    async acquireByCode(...call) {
      told.push(['code', ...call])
      await answer()
      return SIGNED_IN
    },
    beginSignIn: async (_, redirectUri) => ({ ...REQUEST, url: redirectUri }),
    cachedTokenOf: (serializedCache) => ({ ...TOKEN, value: serializedCache }),
  }
  return { told, noted: withNotedCalls(provider, () => void told.push('noted')) }
}

test('each call is noted before it begins, and goes on as it came', async () => {
  const { told, noted } = createStage(async () => TOKEN)
  const acquired = { token: TOKEN, stored: { kind: 'stored' } }
  expect(await noted.acquireByPassword(PROFILE, CREDENTIALS, persist, 'id')).toEqual(acquired)
  expect(await noted.acquireByRefreshToken(PROFILE, 'cache', persist, 'id')).toEqual(acquired)
  expect(await noted.acquireByClientCredentials(PROFILE, persist, 'id')).toEqual(acquired)
  expect(await noted.acquireByCode(PROFILE, CODE, 'id')).toEqual(SIGNED_IN)
  expect(told).toEqual([
    'noted',
    ['password', PROFILE, CREDENTIALS, persist, 'id'],
    'noted',
    ['refresh token', PROFILE, 'cache', persist, 'id'],
    'noted',
    ['client credentials', PROFILE, persist, 'id'],
    'noted',
    ['code', PROFILE, CODE, 'id'],
  ])
})

test('a call that fails is noted', async () => {
  const { told, noted } = createStage(() => Promise.reject(new Error('down')))
  await expect(noted.acquireByPassword(PROFILE, CREDENTIALS, persist, 'id')).rejects.toThrow('down')
  await expect(noted.acquireByRefreshToken(PROFILE, 'cache', persist, 'id')).rejects.toThrow('down')
  expect(told.filter((one) => one === 'noted')).toHaveLength(2)
})

test('a look into a cache is no call, nor is the beginning of a sign-in', async () => {
  const { told, noted } = createStage(async () => TOKEN)
  expect(noted.cachedTokenOf('cached')?.value).toBe('cached')
  expect((await noted.beginSignIn(PROFILE, 'back')).url).toBe('back')
  expect(told).toEqual([])
})
