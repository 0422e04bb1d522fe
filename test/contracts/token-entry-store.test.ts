import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TableClient } from '@azure/data-tables'
import fc from 'fast-check'
import type { KeyRing } from '../../src/adapters/tables/sealed-payload.ts'
import { createTokenEntryTable } from '../../src/adapters/tables/token-entry-table.ts'
import type { TokenEntry } from '../../src/core/entry/token-entry.ts'
import { EntryTooLargeError, type TokenEntryStore } from '../../src/core/entry/token-entry-store.ts'
import { sealingKeyOf } from '../../src/crypto/envelope.ts'
import { createMemoryEntryStore } from '../support/memory-entry-store.ts'
import { startStorage, type Storage } from '../support/storage.ts'

const KEY = sealingKeyOf('v1', randomBytes(32))
const keyRing: KeyRing = { current: async () => KEY, byId: async (id) => (id === KEY.id ? KEY : 'absent') }
const keyOf = () => randomBytes(32).toString('base64url')
const entryOf = (serializedCache: string): TokenEntry => ({
  client: 'default',
  fingerprint: '[]',
  renewal: 'password' as const,
  passwordVerifier: 'salt.hash',
  passwordCheck: 'c',
  verifiedOnTimestamp: 1_764_000_000_123,
  serializedCache,
})
const NOW = 1_764_000_000_456

let storage: Storage
let table: TableClient
beforeAll(async () => {
  storage = await startStorage()
  table = await storage.createTable()
})
afterAll(() => storage.close())

const tableStore = () => createTokenEntryTable({ table, keyRing, timeoutInMs: 10_000 })
const stores: [string, () => TokenEntryStore][] = [
  ['memory', () => createMemoryEntryStore()],
  ['Azurite', tableStore],
]

describe.each(stores)('a token entry store in %s', (_, createStore) => {
  test('has nothing under an unknown key', async () => {
    expect(await createStore().read(keyOf())).toBeUndefined()
  })

  test('gives back what was written, with its marks', async () => {
    const store = createStore()
    const key = keyOf()
    const etag = await store.write(key, entryOf('cache'), NOW, undefined)
    expect(etag).toEqual(expect.any(String))
    expect(await store.read(key)).toEqual({
      entry: entryOf('cache'),
      etag,
      lastUsedTimestamp: NOW,
      leasedUntilTimestamp: 0,
      failures: 0,
    })
  })

  test('does not write over an entry that the writer has not read', async () => {
    const store = createStore()
    const key = keyOf()
    const first = await store.write(key, entryOf('first'), NOW, undefined)
    expect(await store.write(key, entryOf('second'), NOW, undefined)).toBeUndefined()
    const second = await store.write(key, entryOf('second'), NOW, first)
    expect(await store.write(key, entryOf('third'), NOW, first)).toBeUndefined()
    expect(await store.mark(key, { failures: 1 }, first ?? '')).toBeUndefined()
    expect(await store.remove(key, first ?? '')).toBe(false)
    expect(await store.read(key)).toMatchObject({ entry: entryOf('second'), etag: second })
  })

  test('of ten writers at once one wins', async () => {
    const store = createStore()
    const key = keyOf()
    const etag = await store.write(key, entryOf('start'), NOW, undefined)
    const writes = Array.from({ length: 10 }, (__, n) => store.write(key, entryOf(`writer ${n}`), NOW, etag))
    expect((await Promise.all(writes)).filter((won) => won !== undefined)).toHaveLength(1)
  })

  test('changes marks without touching the entry, and a write clears lease and failures', async () => {
    const store = createStore()
    const key = keyOf()
    const first = (await store.write(key, entryOf('cache'), NOW, undefined)) ?? ''
    const second = (await store.mark(key, { leasedUntilTimestamp: NOW + 1, failures: 2 }, first)) ?? ''
    const marked = { leasedUntilTimestamp: NOW + 1, failures: 2, lastUsedTimestamp: NOW }
    expect(await store.read(key)).toEqual({ entry: entryOf('cache'), etag: second, ...marked })
    await store.write(key, entryOf('new'), NOW + 5, second)
    expect(await store.read(key)).toMatchObject({
      entry: entryOf('new'),
      leasedUntilTimestamp: 0,
      failures: 0,
      lastUsedTimestamp: NOW + 5,
    })
  })

  test('removes what was read; what is gone is removed', async () => {
    const store = createStore()
    const key = keyOf()
    const etag = (await store.write(key, entryOf('cache'), NOW, undefined)) ?? ''
    expect(await store.remove(key, etag)).toBe(true)
    expect(await store.read(key)).toBeUndefined()
    expect(await store.remove(key, etag)).toBe(true)
    expect(await store.write(key, entryOf('again'), NOW, etag)).toBeUndefined()
    expect(await store.mark(key, { failures: 1 }, etag)).toBeUndefined()
  })

  test('refuses an entry over 900 KiB and keeps the old one', async () => {
    const store = createStore()
    const key = keyOf()
    const etag = await store.write(key, entryOf('small'), NOW, undefined)
    await expect(store.write(key, entryOf('x'.repeat(900 * 1024)), NOW, etag)).rejects.toThrow(
      EntryTooLargeError,
    )
    expect(await store.read(key)).toMatchObject({ entry: entryOf('small'), etag })
  })
})

describe('sealed rows in Azurite', () => {
  /** The envelope is this much longer than the cache in it. */
  const overhead = JSON.stringify(entryOf('')).length + 2 + KEY.id.length + 12 + 16
  const chunk = 64 * 1024

  test.each([
    ['one byte under a chunk', chunk - 1, 1],
    ['exactly a chunk', chunk, 1],
    ['one byte over a chunk', chunk + 1, 2],
    ['exactly two chunks', 2 * chunk, 2],
    ['one byte over two chunks', 2 * chunk + 1, 3],
    ['exactly the limit', 900 * 1024, 15],
  ])('%s comes back whole', async (_, size, chunks) => {
    const key = keyOf()
    const cache = 'x'.repeat(size - overhead)
    await tableStore().write(key, entryOf(cache), NOW, undefined)
    expect((await tableStore().read(key))?.entry?.serializedCache).toBe(cache)
    const row = await table.getEntity(key, 'entry')
    const sealed = Object.entries(row).filter(([name]) => /^Sealed\d+$/.test(name))
    expect(sealed).toHaveLength(chunks)
    expect(sealed.reduce((sum, [, bytes]) => sum + (bytes as Uint8Array).length, 0)).toBe(size)
  })

  test('one byte over the limit is refused', async () => {
    const write = tableStore().write(keyOf(), entryOf('x'.repeat(900 * 1024 + 1 - overhead)), NOW, undefined)
    await expect(write).rejects.toThrow('921601 bytes, the limit is 921600')
  })

  test('a smaller entry leaves no chunk of the larger one behind', async () => {
    const key = keyOf()
    const etag = await tableStore().write(key, entryOf('x'.repeat(200_000)), NOW, undefined)
    await tableStore().write(key, entryOf('small'), NOW, etag)
    expect(await tableStore().read(key)).toMatchObject({ entry: entryOf('small') })
  })

  test('a row moved to another key does not open', async () => {
    const [from, to] = [keyOf(), keyOf()]
    await tableStore().write(from, entryOf('cache'), NOW, undefined)
    const { Sealed0 } = await table.getEntity<{ Sealed0: Uint8Array }>(from, 'entry')
    await table.createEntity({ partitionKey: to, rowKey: 'entry', Sealed0 })
    expect(await tableStore().read(to)).toMatchObject({ entry: undefined, etag: expect.any(String) })
  })

  test('a row moved to another table does not open', async () => {
    const other = await storage.createTable()
    const key = keyOf()
    await tableStore().write(key, entryOf('cache'), NOW, undefined)
    const { Sealed0 } = await table.getEntity<{ Sealed0: Uint8Array }>(key, 'entry')
    await other.createEntity({ partitionKey: key, rowKey: 'entry', Sealed0 })
    const store = createTokenEntryTable({ table: other, keyRing, timeoutInMs: 10_000 })
    expect(await store.read(key)).toMatchObject({ entry: undefined })
  })

  test('a row that was altered, cut, or sealed with a key that is gone counts as unreadable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('flip', 'cut', 'empty'), async (at, damage) => {
        const key = keyOf()
        await tableStore().write(key, entryOf('cache'), NOW, undefined)
        const { Sealed0 } = await table.getEntity<{ Sealed0: Uint8Array }>(key, 'entry')
        const damaged = Uint8Array.from(Sealed0)
        const bit = at % (damaged.length * 8)
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const bytes = {
          flip: damaged,
          cut: Sealed0.subarray(0, at % Sealed0.length),
          empty: new Uint8Array(),
        }[damage]
        await table.updateEntity({ partitionKey: key, rowKey: 'entry', Sealed0: bytes }, 'Replace')
        expect(await tableStore().read(key)).toMatchObject({ entry: undefined })
      }),
      { numRuns: 60 },
    )
  })

  test('an entry that cannot be opened can be written over', async () => {
    const key = keyOf()
    await table.createEntity({ partitionKey: key, rowKey: 'entry', Sealed0: randomBytes(300) })
    const { etag } = (await tableStore().read(key)) ?? {}
    expect(await tableStore().write(key, entryOf('new'), NOW, etag)).toEqual(expect.any(String))
    expect(await tableStore().read(key)).toMatchObject({ entry: entryOf('new') })
  })

  test('an older key still opens, a new one seals', async () => {
    const [older, newer] = [sealingKeyOf('old', randomBytes(32)), sealingKeyOf('new', randomBytes(32))]
    const ring = (...keys: (typeof older)[]): KeyRing => ({
      current: async () => keys[0] ?? older,
      byId: async (id) => keys.find((key) => key.id === id) ?? 'absent',
    })
    const storeWith = (...keys: (typeof older)[]) =>
      createTokenEntryTable({ table, keyRing: ring(...keys), timeoutInMs: 10_000 })
    const key = keyOf()
    const etag = await storeWith(older).write(key, entryOf('cache'), NOW, undefined)
    expect(await storeWith(newer, older).read(key)).toMatchObject({ entry: entryOf('cache') })
    expect(await storeWith(newer).read(key)).toMatchObject({ entry: undefined })
    await storeWith(newer, older).write(key, entryOf('again'), NOW, etag)
    expect(await storeWith(newer).read(key)).toMatchObject({ entry: entryOf('again') })
  })

  test('a table that is missing is a fault, not an absent entry', async () => {
    const gone = await storage.createTable()
    await gone.deleteTable()
    const store = createTokenEntryTable({ table: gone, keyRing, timeoutInMs: 10_000 })
    await expect(store.read(keyOf())).rejects.toMatchObject({ statusCode: 404 })
    await expect(store.write(keyOf(), entryOf('x'), NOW, undefined)).rejects.toMatchObject({
      statusCode: 404,
    })
  })
})
