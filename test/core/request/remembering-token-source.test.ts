import { expect, test } from '@jest/globals'
import { createEntrySlots } from '../../../src/core/entry/entry-writer.ts'
import { createTokenBroker } from '../../../src/core/request/remembering-token-source.ts'
import { createTokenMemory } from '../../../src/core/request/token-memory.ts'
import type { BrokeredToken } from '../../../src/core/request/token-request.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'
import { createMemoryEntryStore } from '../../support/memory-entry-store.ts'

const NOW = 1_764_000_000_000
const requestOf = (password: string) => ({
  username: 'u',
  password,
  client: 'default',
  minValidInMs: 0,
  correlationId: 'id',
})
const entryOf = (passwordVerifier: string, verifiedOnTimestamp: number) => ({
  client: 'default',
  fingerprint: '[]',
  passwordVerifier,
  verifiedOnTimestamp,
  serializedCache: '{}',
})

function emptyStore() {
  const store = createMemoryEntryStore()
  const dueIndex = createMemoryDueIndex()
  const slots = createEntrySlots({
    store,
    dueIndex,
    cachedTokenOf: () => undefined,
    refreshThresholdInMs: 600_000,
  })
  return { store, slots }
}

test('an old password that was under way does not push a new one out of memory', async () => {
  const waiting = new Map<string, (brokered: BrokeredToken) => void>()
  const asked: string[] = []
  const broker = createTokenBroker({
    memory: createTokenMemory(() => NOW),
    acquireToken: ({ password }) => {
      asked.push(password)
      return new Promise((resolve) => waiting.set(password, resolve))
    },
    digestOf: (...parts) => parts.join('|'),
    now: () => NOW,
    refreshThresholdInMs: 600_000,
  })
  const answer = (password: string) =>
    waiting.get(password)?.({
      token: { value: `token of ${password}`, expiresOnTimestamp: NOW + 3_600_000 },
      action: 'retrieved new token',
      source: 'identity_provider',
      warnings: [],
      entryKey: 'k',
    })
  const old = broker.requestToken(requestOf('old'))
  const recent = broker.requestToken(requestOf('new'))
  await Promise.resolve()
  answer('new')
  await recent
  answer('old')
  await old
  expect(await broker.requestToken(requestOf('new'))).toMatchObject({ source: 'memory' })
  void broker.requestToken(requestOf('old'))
  await Promise.resolve()
  expect(asked).toEqual(['old', 'new', 'old'])
})

test('of two passwords the one that was accepted last stays, whichever is written last', async () => {
  const { store, slots } = emptyStore()
  const earlier = slots.forPassword('k', undefined, async () => entryOf('old', NOW))
  const later = slots.forPassword('k', undefined, async () => entryOf('new', NOW + 1))
  await later.save('{}')
  await earlier.save('{}')
  expect((await store.read('k'))?.entry?.passwordVerifier).toBe('new')
  expect([earlier.isSaved, later.isSaved, earlier.warnings]).toEqual([false, true, []])
  const latest = slots.forPassword('k', undefined, async () => entryOf('newest', NOW + 2))
  await latest.save('{}')
  expect((await store.read('k'))?.entry?.passwordVerifier).toBe('newest')
})

test('a refresh that another writer overtook says so', async () => {
  const { store, slots } = emptyStore()
  await store.write('k', entryOf('v', NOW), NOW, undefined)
  const stored = await store.read('k')
  if (!stored?.entry) throw new Error('not written')
  const slot = slots.forRefresh('k', { ...stored, entry: stored.entry }, NOW)
  await store.write('k', entryOf('other', NOW), NOW, stored.etag)
  await slot.save('{"mine":1}')
  expect(slot.isSaved).toBe(false)
  expect((await store.read('k'))?.entry?.passwordVerifier).toBe('other')
})
