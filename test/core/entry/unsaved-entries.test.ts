import { expect, test } from '@jest/globals'
import { withUnsavedEntries } from '../../../src/core/entry/unsaved-entries.ts'
import { EntryTooLargeError, type TokenEntryStore } from '../../../src/core/entry/token-entry-store.ts'
import { createMemoryEntryStore } from '../../support/memory-entry-store.ts'

const NOW = 1_764_000_000_000
const entryOf = (passwordVerifier: string, verifiedOnTimestamp: number, serializedCache = '{}') => ({
  client: 'default',
  fingerprint: '[]',
  renewal: 'password' as const,
  passwordVerifier,
  passwordCheck: 'c',
  verifiedOnTimestamp,
  serializedCache,
})
const OPTIONS = { addHint: async () => {}, now: () => NOW, leaseInMs: 19_000 }
const OLD = entryOf('old', NOW)
const NEW = entryOf('new', NOW + 1)

async function createStage() {
  const table = createMemoryEntryStore()
  let failing: 'writes' | 'everything' | undefined
  let calls = 0
  const down = () => Promise.reject(new Error('down'))
  const faulty: TokenEntryStore = {
    read(key) {
      calls++
      return failing === 'everything' ? down() : table.read(key)
    },
    write(...args) {
      calls++
      return failing ? down() : table.write(...args)
    },
    mark: (...args) => (failing ? down() : table.mark(...args)),
    remove: (...args) => (failing ? down() : table.remove(...args)),
    list: (...args) => (failing ? down() : table.list(...args)),
  }
  const store = withUnsavedEntries(faulty, OPTIONS)
  const etag = await store.write('k', OLD, NOW, undefined)
  return {
    table,
    store,
    etag,
    fail: (what: typeof failing) => void (failing = what),
    /** How often the table was asked meanwhile. */
    callsOf: async (task: () => Promise<unknown>) => {
      calls = 0
      await task()
      return calls
    },
  }
}

test('a row that a new password could not overwrite is overtaken, and overwritten as soon as the table takes writes', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  expect((await store.read('k'))?.entry).toEqual(NEW)
  expect((await table.read('k'))?.entry).toEqual(OLD)
  fail(undefined)
  expect((await store.read('k'))?.entry).toEqual(NEW)
  expect((await table.read('k'))?.entry).toEqual(NEW)
})

test('while the table is down altogether, what could not be written is what there is', async () => {
  const { store, etag, fail } = await createStage()
  fail('everything')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  expect((await store.read('k'))?.entry).toEqual(NEW)
  await expect(store.read('another')).rejects.toThrow('down')
})

test('the timer writes what could not be written', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('everything')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  await store.retry()
  fail(undefined)
  await store.retry()
  expect((await table.read('k'))?.entry).toEqual(NEW)
})

test('a later password of another instance stands', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  const later = entryOf('later', NOW + 2)
  await table.write('k', later, NOW, etag)
  fail(undefined)
  expect((await store.read('k'))?.entry).toEqual(later)
  await store.retry()
  expect((await table.read('k'))?.entry).toEqual(later)
})

test('tokens that another instance has stored since stand', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', entryOf('old', NOW, '{"mine":1}'), NOW, etag)).rejects.toThrow('down')
  const theirs = entryOf('old', NOW, '{"theirs":1}')
  await table.write('k', theirs, NOW, etag)
  fail(undefined)
  expect((await store.read('k'))?.entry).toEqual(theirs)
})

test('what was forgotten is not written again', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  fail(undefined)
  expect(await store.remove('k', etag ?? '')).toBe(true)
  await store.retry()
  expect(await table.read('k')).toBeUndefined()
})

test.each([
  ['the last moment of a lease', NOW + 1, true],
  ['a lease that is over', NOW, false],
  ['a lease as long as clocks may make it', NOW + 38_000, true],
  ['a lease longer than a lease can be', NOW + 38_001, false],
])(
  'a row that another instance refreshes is not written over: %s',
  async (_, leasedUntilTimestamp, isLeft) => {
    const { table, store, etag, fail } = await createStage()
    fail('writes')
    await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
    fail(undefined)
    const leased = await table.mark('k', { leasedUntilTimestamp }, etag ?? '')
    const read = await store.read('k')
    // The retired password opens nothing meanwhile, and the lease is seen by whoever would refresh.
    expect([read?.entry, read?.leasedUntilTimestamp]).toEqual([NEW, isLeft ? leasedUntilTimestamp : 0])
    expect((await table.read('k'))?.entry).toEqual(isLeft ? OLD : NEW)
    expect(read?.etag === leased).toBe(isLeft)
  },
)

test('an entry that is too large is not tried again', async () => {
  const store = withUnsavedEntries(createMemoryEntryStore(200), OPTIONS)
  await expect(store.write('k', entryOf('x'.repeat(300), NOW), NOW, undefined)).rejects.toThrow(
    EntryTooLargeError,
  )
  expect(await store.read('k')).toBeUndefined()
})

test('a table that is down is asked once a read: each time-out costs the caller a wait', async () => {
  const { store, etag, fail, callsOf } = await createStage()
  fail('everything')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  expect(await callsOf(() => store.read('k'))).toBe(1)
})

test('a first entry that could not be written is written, when it is read next', async () => {
  const { table, store, fail } = await createStage()
  fail('writes')
  await expect(store.write('first', NEW, NOW, undefined)).rejects.toThrow('down')
  fail(undefined)
  expect((await store.read('first'))?.entry).toEqual(NEW)
  expect((await table.read('first'))?.entry).toEqual(NEW)
})

test('tokens that could not be written take the place of those of the same password', async () => {
  const { store, etag, fail } = await createStage()
  const refreshed = entryOf('old', NOW, '{"refreshed":1}')
  fail('writes')
  await expect(store.write('k', refreshed, NOW, etag)).rejects.toThrow('down')
  expect((await store.read('k'))?.entry).toEqual(refreshed)
})

test('an entry that could not be written has no row: what is written in its place changes nothing', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('everything')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  const read = await store.read('k')
  expect(read).toEqual({
    entry: NEW,
    lastUsedTimestamp: NOW,
    leasedUntilTimestamp: 0,
    failures: 0,
    etag: 'unsaved',
  })
  fail(undefined)
  expect(await store.write('k', entryOf('later', NOW + 2), NOW, read?.etag)).toBeUndefined()
  expect((await table.read('k'))?.entry).toEqual(OLD)
})

test('while the table takes no writes, what is read has the etag of the row that it is to replace', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  const read = await store.read('k')
  fail(undefined)
  const later = entryOf('later', NOW + 2)
  expect(await store.write('k', later, NOW, read?.etag)).toBeDefined()
  expect((await table.read('k'))?.entry).toEqual(later)
})

test('what a read has written has the etag of its new row', async () => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  fail(undefined)
  const read = await store.read('k')
  expect(read?.etag).toBe((await table.read('k'))?.etag)
})

test('a write that makes way for another writer leaves what could not be written', async () => {
  const { store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  fail(undefined)
  expect(await store.write('k', entryOf('other', NOW), NOW, '"of another row"')).toBeUndefined()
  expect((await store.read('k'))?.entry).toEqual(NEW)
})

test.each<[string, (store: TokenEntryStore, etag: string | undefined) => Promise<unknown>]>([
  ['a read', (store) => store.read('k')],
  ['another write', (store, etag) => store.write('k', entryOf('later', NOW + 2), NOW, etag)],
])('what was written at last, by %s, is gone when another instance removes it', async (_, write) => {
  const { table, store, etag, fail } = await createStage()
  fail('writes')
  await expect(store.write('k', NEW, NOW, etag)).rejects.toThrow('down')
  fail(undefined)
  await write(store, etag)
  await table.remove('k', (await table.read('k'))?.etag ?? '')
  expect(await store.read('k')).toBeUndefined()
})
