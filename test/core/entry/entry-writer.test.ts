import { describe, expect, test } from '@jest/globals'
import { createAddHint } from '../../../src/core/entry/entry-hint.ts'
import { createEntryWriter } from '../../../src/core/entry/entry-writer.ts'
import type { StoredTokenEntry } from '../../../src/core/entry/token-entry.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'
import { createMemoryEntryStore } from '../../support/memory-entry-store.ts'

const NOW = 1_764_000_000_000
const entryOf = (passwordVerifier: string, verifiedOnTimestamp: number) => ({
  client: 'default',
  fingerprint: '[]',
  renewal: 'password' as const,
  passwordVerifier,
  passwordCheck: 'c',
  verifiedOnTimestamp,
  serializedCache: '{}',
})

const PROFILE = { fingerprint: '[]' }
const verifierOf = (stored: StoredTokenEntry | undefined) =>
  stored?.entry?.renewal === 'password' ? stored.entry.passwordVerifier : undefined

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
  const earlier = writer.persistAccepted('k', undefined, async () => entryOf('old', NOW))
  const later = writer.persistAccepted('k', undefined, async () => entryOf('new', NOW + 1))
  expect(await later('{}')).toEqual({ kind: 'stored' })
  expect(await earlier('{}')).toEqual({ kind: 'overtaken' })
  expect(verifierOf(await store.read('k'))).toBe('new')
  const latest = writer.persistAccepted('k', undefined, async () => entryOf('newest', NOW + 2))
  expect(await latest('{}')).toEqual({ kind: 'stored' })
  expect(verifierOf(await store.read('k'))).toBe('newest')
})

test('a refresh that another writer overtook says so, and leaves what is there', async () => {
  const { store, writer } = createStage()
  await store.write('k', entryOf('v', NOW), NOW, undefined)
  const stored = await store.read('k')
  if (!stored?.entry) throw new Error('not written')
  const persist = writer.persistRefresh('k', { ...stored, entry: stored.entry }, PROFILE, NOW)
  await store.write('k', entryOf('other', NOW), NOW, stored.etag)
  expect(await persist('{"mine":1}')).toEqual({ kind: 'overtaken' })
  expect(verifierOf(await store.read('k'))).toBe('other')
})

test('a refresh that nobody overtook is stored', async () => {
  const { store, writer } = createStage()
  await store.write('k', entryOf('v', NOW), NOW, undefined)
  const stored = await store.read('k')
  if (!stored?.entry) throw new Error('not written')
  expect(
    await writer.persistRefresh('k', { ...stored, entry: stored.entry }, PROFILE, NOW)('{"mine":1}'),
  ).toEqual({
    kind: 'stored',
  })
  expect((await store.read('k'))?.entry).toEqual({ ...entryOf('v', NOW), serializedCache: '{"mine":1}' })
})

test('a password whose row was forgotten while it was asked is stored as a new one', async () => {
  const { store, writer } = createStage()
  const etag = await store.write('k', entryOf('old', NOW), NOW, undefined)
  await store.remove('k', etag ?? '')
  expect(await writer.persistAccepted('k', etag, async () => entryOf('new', NOW + 1))('{}')).toEqual({
    kind: 'stored',
  })
  expect(verifierOf(await store.read('k'))).toBe('new')
})

test('a password hash that fails costs a warning, not the token', async () => {
  const { store, writer } = createStage()
  const persist = writer.persistAccepted('k', undefined, () => Promise.reject(new RangeError('memory limit')))
  expect(await persist('{}')).toEqual({
    kind: 'failed',
    warning: { code: 'token_not_stored', detail: 'RangeError' },
  })
  expect(await store.read('k')).toBeUndefined()
})

describe('a new password that others get in between of', () => {
  /** Before each write, so many times, another writer stores an entry of this age. */
  async function overwrite(times: number, verifiedOnTimestamp: number) {
    const { store, writer } = createStage()
    let left = times
    const write = store.write.bind(store)
    store.write = async (key, entry, lastUsedTimestamp, etag) => {
      if (left-- > 0) {
        const current = await store.read(key)
        await write(key, entryOf('other', verifiedOnTimestamp), NOW, current?.etag)
      }
      return write(key, entry, lastUsedTimestamp, etag)
    }
    const outcome = await writer.persistAccepted('k', undefined, async () => entryOf('mine', NOW))('{}')
    const stored = await store.read('k')
    return {
      outcome,
      verifier: verifierOf(stored),
      lastUsedTimestamp: stored?.lastUsedTimestamp,
    }
  }

  test.each([
    ['three times with an older one is stored', 3, NOW - 1],
    ['with one of the same millisecond is stored', 1, NOW],
  ])('%s', async (_, times, verifiedOnTimestamp) => {
    expect(await overwrite(times, verifiedOnTimestamp)).toEqual({
      outcome: { kind: 'stored' },
      verifier: 'mine',
      lastUsedTimestamp: NOW,
    })
  })

  test('with a later one makes way', async () => {
    expect(await overwrite(1, NOW + 1)).toMatchObject({ outcome: { kind: 'overtaken' }, verifier: 'other' })
  })

  test('four times costs a warning, not the token', async () => {
    expect(await overwrite(4, NOW - 1)).toMatchObject({
      outcome: { kind: 'failed', warning: { code: 'token_not_stored', detail: 'Contention' } },
      verifier: 'other',
    })
  })
})

describe('a hint', () => {
  const HINT = { entryKey: 'k', dueTimestamp: NOW + 3_000_000 }

  test('goes before the entry that it is about', async () => {
    const { store, dueIndex, writer } = createStage()
    const order: string[] = []
    const [add, write] = [dueIndex.add.bind(dueIndex), store.write.bind(store)]
    dueIndex.add = async (hint) => {
      await new Promise(setImmediate)
      await add(hint)
      order.push('hint')
    }
    store.write = async (...args) => {
      order.push('entry')
      return write(...args)
    }
    await writer.persistAccepted('k', undefined, async () => entryOf('v', NOW))('{}')
    const stored = await store.read('k')
    if (!stored?.entry) throw new Error('not written')
    await writer.persistRefresh('k', { ...stored, entry: stored.entry }, PROFILE, NOW)('{}')
    expect(order).toEqual(['hint', 'entry', 'hint', 'entry'])
    expect(await dueIndex.dueBefore(Infinity)).toEqual([HINT])
  })

  test('that cannot be added costs no entry', async () => {
    const { store, dueIndex, writer } = createStage()
    dueIndex.add = () => Promise.reject(new Error('down'))
    expect(await writer.persistAccepted('k', undefined, async () => entryOf('v', NOW))('{}')).toEqual({
      kind: 'stored',
    })
    expect(await store.read('k')).toBeDefined()
  })

  test('that is postponed is added at its new time before it goes at its old one', async () => {
    const { dueIndex, writer } = createStage()
    await dueIndex.add(HINT)
    dueIndex.remove = () => Promise.reject(new Error('down'))
    await expect(writer.postpone(HINT, NOW)).rejects.toThrow('down')
    expect(await dueIndex.dueBefore(Infinity)).toEqual([{ entryKey: 'k', dueTimestamp: NOW }, HINT])
  })
})
