import { expect, test } from '@jest/globals'
import { createRememberingTokenSource } from '../../../src/core/request/remembering-token-source.ts'
import { createTokenMemory } from '../../../src/core/request/token-memory.ts'
import type { BrokeredToken } from '../../../src/core/request/brokered-token.ts'

const NOW = 1_764_000_000_000
/** When each password was sent: epoch milliseconds. */
const SENT: Record<string, number> = { old: 1_764_000_000_000, new: 1_764_000_000_001 }
const requestOf = (password: string) => ({
  username: 'u',
  password,
  client: 'default',
  minValidInMs: 0,
  correlationId: 'id',
})
test('an old password that was under way does not push a new one out of memory', async () => {
  const waiting = new Map<string, (brokered: BrokeredToken) => void>()
  const asked: string[] = []
  const tokenSource = createRememberingTokenSource({
    memory: createTokenMemory(() => NOW),
    source: ({ password }) => {
      asked.push(password)
      return new Promise((resolve) => waiting.set(password, resolve))
    },
    digestOf: (...parts) => parts.join('|'),
    isByConnection: () => false,
    now: () => NOW,
    refreshThresholdInMs: 600_000,
  })
  const answer = (password: string) =>
    waiting.get(password)?.({
      token: { value: `token of ${password}`, acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + 3_600_000 },
      action: 'retrieved new token',
      source: 'identity_provider',
      warnings: [],
      verifiedOnTimestamp: SENT[password] ?? NOW,
      entryKey: 'k',
    })
  const old = tokenSource(requestOf('old'))
  const recent = tokenSource(requestOf('new'))
  await Promise.resolve()
  answer('new')
  await recent
  answer('old')
  await old
  expect(await tokenSource(requestOf('new'))).toMatchObject({ source: 'memory' })
  void tokenSource(requestOf('old'))
  await Promise.resolve()
  expect(asked).toEqual(['old', 'new', 'old'])
})

test('a token that is just enough when it is found, and not any more when it is given, is renewed', async () => {
  let now = NOW
  const tokens = ['first', 'second']
  const tokenSource = createRememberingTokenSource({
    memory: createTokenMemory(() => now),
    source: async () => {
      const value = tokens.shift() ?? 'a third'
      // The first one lives an hour less two minutes, and serving it takes a moment.
      const acquiredOnTimestamp = value === 'first' ? NOW - 120_000 : now
      now += 20
      return {
        token: { value, acquiredOnTimestamp, expiresOnTimestamp: acquiredOnTimestamp + 3_120_000 },
        action: 'returned existing token',
        source: 'store',
        warnings: [],
        verifiedOnTimestamp: NOW,
        entryKey: 'k',
      }
    },
    digestOf: (...parts) => parts.join('|'),
    isByConnection: () => false,
    now: () => now,
    refreshThresholdInMs: 600_000,
  })
  const { token } = await tokenSource({ ...requestOf('right'), minValidInMs: 3_000_000 })
  expect(token.value).toBe('second')
})
