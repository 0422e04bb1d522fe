import type { ConnectionStore, StoredConnection } from '../src/core/connection/connection-store.ts'
import type { ConnectionRow } from './storage.ts'
import type { World } from './world.ts'

/** A call to the table, which may fail on its way there and back. */
type TableCall = <T>(
  subject: string,
  label: string,
  apply: () => T,
  metItself?: (result: T) => T,
) => Promise<T>

/** The table of connections as one instance sees it. */
export function createConnectionRows(
  { storage: { connections }, observe, isEnabled }: Pick<World, 'storage' | 'observe' | 'isEnabled'>,
  sealingKey: () => Promise<number>,
  call: TableCall,
): ConnectionStore {
  function storedOf({ connection, keyVersion, etag }: ConnectionRow, key: number): StoredConnection {
    const { name } = connection
    const isOpen = keyVersion === key || isEnabled(keyVersion)
    // A key that is disabled may be enabled again.
    return isOpen ? { name, connection, etag } : { name, connection: undefined, mayOpenLater: true, etag }
  }

  function written(row: Omit<ConnectionRow, 'etag'>, etag: string | undefined): string | undefined {
    const after = connections.write(row, etag)
    if (after !== undefined) observe({ kind: 'connection_written', connection: row.connection })
    return after
  }

  return {
    async read(name) {
      const [row, key] = await Promise.all([
        call(name, `reads ${name}`, () => connections.rowOf(name)),
        sealingKey(),
      ])
      return row && storedOf(row, key)
    },
    async write(connection, etag) {
      const row = { connection, keyVersion: await sealingKey() }
      const { name } = connection
      return call(
        name,
        `writes ${name} over ${etag}`,
        () => written(row, etag),
        () => undefined,
      )
    },
    remove: (name, etag) =>
      call(name, `removes ${name} of ${etag}`, () => {
        const row = connections.rowOf(name)
        const isRemoved = connections.remove(name, etag)
        if (isRemoved && row) observe({ kind: 'connection_removed', connection: row.connection })
        return isRemoved
      }),
    async list() {
      const [rows, key] = await Promise.all([
        call('all', 'lists connections', () => connections.all()),
        sealingKey(),
      ])
      return { connections: rows.map((row) => storedOf(row, key)), next: undefined }
    },
    nameOf: (key) => call(key, `looks where ${key} leads`, () => connections.links.get(key)),
    link: (key, name) => call(key, `links ${key} to ${name}`, () => void connections.links.set(key, name)),
    unlink: (key) => call(key, `unlinks ${key}`, () => void connections.links.delete(key)),
    async reseal() {
      const keyVersion = await sealingKey()
      return call('all', 'reseals connections', () => {
        const old = connections
          .all()
          .filter((row) => row.keyVersion !== keyVersion && isEnabled(row.keyVersion))
        for (const { connection, etag } of old) written({ connection, keyVersion }, etag)
        return old.length
      })
    },
  }
}
