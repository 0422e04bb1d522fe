import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TableClient } from '@azure/data-tables'
import type { KeyRing } from '../../src/adapters/tables/sealed-payload.ts'
import { createRefusalTable } from '../../src/adapters/tables/refusal-table.ts'
import type { RefusalStore } from '../../src/core/request/refusal-store.ts'
import { NO_REFUSALS, type Refusals } from '../../src/core/request/refusals.ts'
import { sealingKeyOf } from '../../src/crypto/envelope.ts'
import { createMemoryRefusalStore } from '../support/memory-refusal-store.ts'
import { startStorage, type Storage } from '../support/storage.ts'

const KEY = sealingKeyOf('v1', randomBytes(32))
const keyRing: KeyRing = { current: async () => KEY, byId: async (id) => (id === KEY.id ? KEY : 'absent') }
const keyOf = () => randomBytes(32).toString('base64url')
const refusalsOf = (digest: string): Refusals => ({
  tries: [
    {
      digest,
      id: 'an id',
      madeOnTimestamp: 1_764_000_000_000,
      state: 'judged',
      untilTimestamp: 1_764_000_030_000,
      isCounted: false,
      losses: 2,
      category: 'interaction_required',
      aadsts: 50076,
    },
  ],
  fullWindows: 1,
  lockedUntilTimestamp: 1_764_000_060_000,
  lockInMs: 60_000,
})

let storage: Storage
let table: TableClient
beforeAll(async () => {
  storage = await startStorage()
  table = await storage.createTable()
})
afterAll(() => storage.close())

const inTable = () => createRefusalTable({ table, keyRing, timeoutInMs: 10_000 })
const stores: [string, () => RefusalStore][] = [
  ['memory', () => createMemoryRefusalStore(() => Date.now())],
  ['Azurite', inTable],
]

describe.each(stores)('a refusal store in %s', (_, createStore) => {
  test('gives back what was written, and nothing under another key', async () => {
    const store = createStore()
    const key = keyOf()
    const etag = await store.write(key, refusalsOf('digest'), undefined)
    expect(await store.read(key)).toEqual({ refusals: refusalsOf('digest'), etag })
    expect(await store.read(keyOf())).toBeUndefined()
  })

  test('does not write over, or remove, a row that the writer has not read', async () => {
    const store = createStore()
    const key = keyOf()
    const first = (await store.write(key, refusalsOf('first'), undefined)) ?? ''
    expect(await store.write(key, refusalsOf('second'), undefined)).toBeUndefined()
    const second = await store.write(key, refusalsOf('second'), first)
    expect(await store.write(key, refusalsOf('third'), first)).toBeUndefined()
    expect(await store.remove(key, first)).toBe(false)
    expect(await store.read(key)).toEqual({ refusals: refusalsOf('second'), etag: second })
  })

  test('of ten writers at once one wins', async () => {
    const store = createStore()
    const key = keyOf()
    const writes = Array.from({ length: 10 }, (__, n) => store.write(key, refusalsOf(`${n}`), undefined))
    expect((await Promise.all(writes)).filter((won) => won !== undefined)).toHaveLength(1)
  })

  test('removes what was read; what is gone is removed, and is not there to be written over', async () => {
    const store = createStore()
    const key = keyOf()
    const etag = (await store.write(key, NO_REFUSALS, undefined)) ?? ''
    expect(await store.remove(key, etag)).toBe(true)
    expect(await store.read(key)).toBeUndefined()
    expect(await store.remove(key, etag)).toBe(true)
    expect(await store.write(key, NO_REFUSALS, etag)).toBeUndefined()
  })

  test('prunes what nobody wrote to since, and nothing else', async () => {
    const store = createStore()
    const key = keyOf()
    await store.write(key, NO_REFUSALS, undefined)
    expect(await store.prune(Date.now() - 60_000)).toBe(0)
    expect(await store.read(key)).toBeDefined()
    expect(await store.prune(Date.now() + 60_000)).toBeGreaterThan(0)
    expect(await store.read(key)).toBeUndefined()
  })
})

test('a row is sealed, and one that was moved, altered or sealed otherwise is as good as none and can be written over', async () => {
  const [from, to] = [keyOf(), keyOf()]
  await inTable().write(from, refusalsOf('digest-in-the-row'), undefined)
  const row = await table.getEntity<{ Sealed0: Uint8Array }>(from, 'refusals')
  expect(Buffer.from(row.Sealed0).includes('digest-in-the-row')).toBe(false)
  await table.createEntity({ partitionKey: to, rowKey: 'refusals', Sealed0: row.Sealed0 })
  const moved = await inTable().read(to)
  expect(moved).toEqual({ refusals: undefined, etag: expect.any(String) })
  expect(await inTable().write(to, NO_REFUSALS, moved?.etag)).toEqual(expect.any(String))
})
