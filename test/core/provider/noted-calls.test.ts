import { expect, test } from '@jest/globals'
import type { IdentityProvider, Persist } from '../../../src/core/provider/identity-provider.ts'
import { withNotedCalls } from '../../../src/core/provider/noted-calls.ts'
import { PROFILE } from '../../support/memory-core.ts'

const TOKEN = { value: 'token', acquiredOnTimestamp: 1, expiresOnTimestamp: 2 }
const CREDENTIALS = { username: 'u', password: 'p' }
const persist: Persist = async () => ({ kind: 'stored' })

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
    cachedTokenOf: (serializedCache) => ({ ...TOKEN, value: serializedCache }),
  }
  return { told, noted: withNotedCalls(provider, () => void told.push('noted')) }
}

test('each call is noted before it begins, and goes on as it came', async () => {
  const { told, noted } = createStage(async () => TOKEN)
  const acquired = { token: TOKEN, stored: { kind: 'stored' } }
  expect(await noted.acquireByPassword(PROFILE, CREDENTIALS, persist, 'id')).toEqual(acquired)
  expect(await noted.acquireByRefreshToken(PROFILE, 'cache', persist, 'id')).toEqual(acquired)
  expect(told).toEqual([
    'noted',
    ['password', PROFILE, CREDENTIALS, persist, 'id'],
    'noted',
    ['refresh token', PROFILE, 'cache', persist, 'id'],
  ])
})

test('a call that fails is noted', async () => {
  const { told, noted } = createStage(() => Promise.reject(new Error('down')))
  await expect(noted.acquireByPassword(PROFILE, CREDENTIALS, persist, 'id')).rejects.toThrow('down')
  await expect(noted.acquireByRefreshToken(PROFILE, 'cache', persist, 'id')).rejects.toThrow('down')
  expect(told.filter((one) => one === 'noted')).toHaveLength(2)
})

test('a look into a cache is no call', () => {
  const { told, noted } = createStage(async () => TOKEN)
  expect(noted.cachedTokenOf('cached')?.value).toBe('cached')
  expect(told).toEqual([])
})
