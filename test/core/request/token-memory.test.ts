import { expect, test } from '@jest/globals'
import { createTokenMemory } from '../../../src/core/request/token-memory.ts'

const remembered = (value: string) => ({
  token: { value, acquiredOnTimestamp: 0, expiresOnTimestamp: 10 ** 12 },
  passwordDigest: 'p',
  verifiedOnTimestamp: 1,
  entryKey: 'k',
})

test('a token is remembered for five minutes and no longer', () => {
  let now = 10 ** 9
  const memory = createTokenMemory(() => now)
  memory.set('u', remembered('t'))
  now += 5 * 60_000
  expect(memory.get('u')?.token.value).toBe('t')
  now += 1
  expect(memory.get('u')).toBeUndefined()
})

test('memory is bounded by bytes: the token used longest ago goes first', () => {
  const memory = createTokenMemory(() => 10 ** 9)
  const large = 'x'.repeat(1024 * 1024)
  for (let user = 0; user < 17; user++) memory.set(String(user), remembered(large))
  expect(memory.get('0')).toBeUndefined()
  expect(memory.get('16')?.token.value).toBe(large)
})

test('a user has one token: setting replaces, deleting forgets', () => {
  const memory = createTokenMemory(() => 10 ** 9)
  memory.set('u', remembered('first'))
  memory.set('u', { ...remembered('second'), passwordDigest: 'q' })
  expect(memory.get('u')).toMatchObject({ token: { value: 'second' }, passwordDigest: 'q' })
  memory.delete('u')
  expect(memory.get('u')).toBeUndefined()
})

test('an entry is forgotten for whoever has its token, and no other is', () => {
  const memory = createTokenMemory(() => 10 ** 9)
  memory.set('u', remembered('forgotten'))
  memory.set('v', { ...remembered('kept'), entryKey: 'another' })
  memory.forget('k')
  expect([memory.get('u'), memory.get('v')?.token.value]).toEqual([undefined, 'kept'])
})
