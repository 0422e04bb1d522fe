import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TableClient } from '@azure/data-tables'
import { createConnectionTable } from '../../src/adapters/tables/connection-table.ts'
import type { KeyRing } from '../../src/adapters/tables/sealed-payload.ts'
import type { ConnectionStore } from '../../src/core/connection/connection-store.ts'
import type { Connection, NamedConnection } from '../../src/core/connection/connection.ts'
import { sealingKeyOf, type SealingKey } from '../../src/crypto/envelope.ts'
import { createMemoryConnectionStore } from '../support/memory-connection-store.ts'
import { startStorage, type Storage } from '../support/storage.ts'

const OLD_KEY = sealingKeyOf('v1', randomBytes(32))
const NEW_KEY = sealingKeyOf('v2', randomBytes(32))
const ringOf = (...[current, ...older]: [SealingKey, ...SealingKey[]]): KeyRing => ({
  current: async () => current,
  byId: async (id) => [current, ...older].find((key) => key.id === id) ?? 'absent',
})
let names = 0
const connectionOf = (fields: Partial<NamedConnection> = {}): NamedConnection => ({
  name: `connection-${++names}`,
  id: 'an id',
  client: 'crm',
  grant: 'authorization_code',
  username: 'svc@contoso.example',
  owner: 'the CRM team',
  secrets: [
    { digest: 'new', linkKey: 'k2' },
    { digest: 'old', linkKey: 'k1', endTimestamp: 1_764_000_000_456 },
  ],
  pinned: { tenantId: 't', objectId: 'o' },
  createdOnTimestamp: 1_764_000_000_123,
  ...fields,
})
function withoutName(named: NamedConnection): Connection {
  const { name: _, ...connection } = named
  return connection
}

let storage: Storage
let table: TableClient
beforeAll(async () => {
  storage = await startStorage()
  table = await storage.createTable()
})
afterAll(() => storage.close())

const tableStore = (keyRing = ringOf(OLD_KEY)) =>
  createConnectionTable({ table, keyRing, timeoutInMs: 10_000 })
const stores: [string, () => ConnectionStore][] = [
  ['memory', () => createMemoryConnectionStore()],
  ['Azurite', () => tableStore()],
]

describe.each(stores)('a connection store in %s', (_, createStore) => {
  test('gives back what was written', async () => {
    const store = createStore()
    const connection = connectionOf()
    const etag = await store.write(connection, undefined)
    expect(etag).toEqual(expect.any(String))
    expect(await store.read(connection.name)).toEqual({
      name: connection.name,
      connection: withoutName(connection),
      etag,
    })
  })

  test('has nothing under an unknown name, and no name for an unknown secret', async () => {
    const store = createStore()
    expect(await store.read('unknown')).toBeUndefined()
    expect(await store.nameOf('unknown')).toBeUndefined()
  })

  test('does not write over a connection that the writer has not read', async () => {
    const store = createStore()
    const connection = connectionOf()
    const etag = await store.write(connection, undefined)
    expect(await store.write({ ...connection, owner: 'other' }, undefined)).toBeUndefined()
    const changed = await store.write({ ...connection, owner: 'other' }, etag)
    expect(await store.write({ ...connection, owner: 'third' }, etag)).toBeUndefined()
    expect(await store.read(connection.name)).toMatchObject({ connection: { owner: 'other' }, etag: changed })
  })

  test('removes what has not changed, and what is gone', async () => {
    const store = createStore()
    const connection = connectionOf()
    const etag = (await store.write(connection, undefined)) ?? ''
    const changed = (await store.write({ ...connection, owner: 'other' }, etag)) ?? ''
    expect(await store.remove(connection.name, etag)).toBe(false)
    expect(await store.remove(connection.name, changed)).toBe(true)
    expect(await store.read(connection.name)).toBeUndefined()
    expect(await store.remove(connection.name, changed)).toBe(true)
  })

  test('leads from a secret to a name, until that is taken back; twice is as once', async () => {
    const store = createStore()
    await store.link('a-secret', 'crm')
    await store.link('a-secret', 'crm')
    expect(await store.nameOf('a-secret')).toBe('crm')
    await store.unlink('a-secret')
    await store.unlink('a-secret')
    expect(await store.nameOf('a-secret')).toBeUndefined()
  })

  test('lists connections, and no links, in pages', async () => {
    const store = createStore()
    const ours = [connectionOf(), connectionOf(), connectionOf()]
    for (const connection of ours) await store.write(connection, undefined)
    await store.link('another-secret', 'crm')
    const found: string[] = []
    let next: string | undefined
    do {
      const page = await store.list(2, next)
      expect(page.connections.length).toBeLessThanOrEqual(2)
      found.push(...page.connections.map(({ name }) => name))
      next = page.next
    } while (next !== undefined)
    expect(found).toEqual(expect.arrayContaining(ours.map(({ name }) => name)))
    expect(found).not.toContain('another-secret')
  })
})

describe('the table', () => {
  test('shows nothing of a connection but its name', async () => {
    const connection = connectionOf()
    await tableStore().write(connection, undefined)
    const row = await table.getEntity('connection', connection.name)
    const text = JSON.stringify(row, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? Buffer.from(value as Uint8Array).toString('latin1') : value,
    )
    for (const clear of ['svc@contoso.example', 'crm', 'CRM team', 'an id', 'digest', 'authorization_code']) {
      expect(text).not.toContain(clear)
    }
  })

  test('a row that was put under another name opens nothing', async () => {
    const [own, foreign] = [connectionOf(), connectionOf()]
    await tableStore().write(own, undefined)
    await tableStore().write(foreign, undefined)
    const { Sealed0 } = await table.getEntity('connection', foreign.name)
    await table.updateEntity({ partitionKey: 'connection', rowKey: own.name, Sealed0 }, 'Replace')
    expect(await tableStore().read(own.name)).toMatchObject({ connection: undefined })
  })

  test('is sealed anew under the current key, and nothing else is touched', async () => {
    const [old, current] = [connectionOf(), connectionOf()]
    await tableStore().write(old, undefined)
    const rotated = tableStore(ringOf(NEW_KEY, OLD_KEY))
    const etag = await rotated.write(current, undefined)
    expect(await rotated.reseal()).toBeGreaterThanOrEqual(1)
    expect(await rotated.reseal()).toBe(0)
    const withoutOld = tableStore(ringOf(NEW_KEY))
    expect(await withoutOld.read(old.name)).toMatchObject({ connection: withoutName(old) })
    expect(await withoutOld.read(current.name)).toMatchObject({ etag })
  })

  test('is sealed anew although the row before it is damaged', async () => {
    const old = connectionOf({ name: 'damaged-after' })
    const damaged = { partitionKey: 'connection', rowKey: 'damaged', Sealed0: Buffer.from('no envelope') }
    await tableStore().write(old, undefined)
    await table.upsertEntity(damaged)
    await tableStore(ringOf(NEW_KEY, OLD_KEY)).reseal()
    expect(await tableStore(ringOf(NEW_KEY)).read(old.name)).toMatchObject({ connection: withoutName(old) })
    expect(await tableStore().read('damaged')).toMatchObject({ connection: undefined })
  })

  test('a connection whose key cannot be had now may open later, one whose key is gone may not', async () => {
    const connection = connectionOf()
    await tableStore().write(connection, undefined)
    const away: KeyRing = { current: async () => NEW_KEY, byId: async () => 'unavailable' }
    expect(await tableStore(away).read(connection.name)).toMatchObject({
      connection: undefined,
      mayOpenLater: true,
    })
    const gone = await tableStore(ringOf(NEW_KEY)).read(connection.name)
    expect([gone?.connection, gone?.mayOpenLater]).toEqual([undefined, undefined])
  })

  test('a connection whose key is gone stays as it is', async () => {
    const connection = connectionOf()
    const etag = await tableStore().write(connection, undefined)
    const withoutOld = tableStore(ringOf(NEW_KEY))
    await withoutOld.reseal()
    expect(await tableStore().read(connection.name)).toEqual({
      name: connection.name,
      connection: withoutName(connection),
      etag,
    })
  })
})
