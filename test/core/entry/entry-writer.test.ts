import { expect, test } from '@jest/globals'
import { createAddHint } from '../../../src/core/entry/entry-hint.ts'
import { createEntryWriter } from '../../../src/core/entry/entry-writer.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'
import { createMemoryEntryStore } from '../../support/memory-entry-store.ts'

const NOW = 1_764_000_000_000
const entryOf = (passwordVerifier: string, verifiedOnTimestamp: number) => ({
  client: 'default',
  fingerprint: '[]',
  passwordVerifier,
  passwordCheck: 'c',
  verifiedOnTimestamp,
  serializedCache: '{}',
})

function createStage() {
  const store = createMemoryEntryStore()
  const dueIndex = createMemoryDueIndex()
  const cachedTokenOf = () => ({
    value: 't',
    acquiredOnTimestamp: NOW,
    expiresOnTimestamp: NOW + 3_600_000,
  })
  const addHint = createAddHint({ dueIndex, cachedTokenOf, refreshThresholdInMs: 600_000 })
  const writer = createEntryWriter({ store, dueIndex, addHint, refreshThresholdInMs: 600_000 })
  return { store, dueIndex, writer }
}

test('of two passwords the one that was sent last stays, whichever is written last', async () => {
  const { store, writer } = createStage()
  const earlier = writer.persistPassword('k', undefined, async () => entryOf('old', NOW))
  const later = writer.persistPassword('k', undefined, async () => entryOf('new', NOW + 1))
  expect(await later('{}')).toEqual({ kind: 'stored' })
  expect(await earlier('{}')).toEqual({ kind: 'overtaken' })
  expect((await store.read('k'))?.entry?.passwordVerifier).toBe('new')
  const latest = writer.persistPassword('k', undefined, async () => entryOf('newest', NOW + 2))
  expect(await latest('{}')).toEqual({ kind: 'stored' })
  expect((await store.read('k'))?.entry?.passwordVerifier).toBe('newest')
})

test('a refresh that another writer overtook says so, and leaves what is there', async () => {
  const { store, writer } = createStage()
  await store.write('k', entryOf('v', NOW), NOW, undefined)
  const stored = await store.read('k')
  if (!stored?.entry) throw new Error('not written')
  const persist = writer.persistRefresh('k', { ...stored, entry: stored.entry }, NOW)
  await store.write('k', entryOf('other', NOW), NOW, stored.etag)
  expect(await persist('{"mine":1}')).toEqual({ kind: 'overtaken' })
  expect((await store.read('k'))?.entry?.passwordVerifier).toBe('other')
})

test('a password hash that fails costs a warning, not the token', async () => {
  const { store, writer } = createStage()
  const persist = writer.persistPassword('k', undefined, () => Promise.reject(new RangeError('memory limit')))
  expect(await persist('{}')).toEqual({
    kind: 'failed',
    warning: { code: 'token_not_stored', detail: 'RangeError' },
  })
  expect(await store.read('k')).toBeUndefined()
})
