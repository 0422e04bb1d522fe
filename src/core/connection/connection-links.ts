import { readable } from './connection-lookup.ts'
import type { ConnectionSecrets } from './connection-secrets.ts'
import type { ConnectionStore } from './connection-store.ts'
import type { Connection, ConnectionSecret, NamedConnection } from './connection.ts'

/** What leads to a connection. A link to nothing opens nothing, and does no harm: removing one never rejects. */
export interface ConnectionLinks {
  /** A new secret, told this once, and what is kept of it. It is linked before the connection has it: without a link it would open nothing. */
  makeSecret(name: string): Promise<{ readonly secret: string; readonly kept: ConnectionSecret }>
  /** For the page where a person connects it. */
  linkId(connection: Pick<NamedConnection, 'id' | 'name'>): Promise<void>
  unlink(secrets: readonly Pick<ConnectionSecret, 'linkKey'>[]): Promise<void>
  unlinkAll(connection: Pick<Connection, 'id' | 'secrets'>): Promise<void>
}

export function createConnectionLinks(options: {
  readonly store: ConnectionStore
  readonly secrets: ConnectionSecrets
  readonly resolveSecretKey: (secret: string) => Promise<string>
}): ConnectionLinks {
  const { store, secrets } = options
  const unlinkKeys = async (keys: readonly string[]) => {
    await Promise.allSettled(keys.map((key) => store.unlink(key)))
  }
  return {
    async makeSecret(name) {
      const secret = secrets.create()
      const linkKey = await options.resolveSecretKey(secret)
      await readable(store.link(linkKey, name))
      return { secret, kept: { digest: secrets.digestOf(secret), linkKey } }
    },
    linkId: ({ id, name }) => readable(store.link(id, name)),
    unlink: (dropped) => unlinkKeys(dropped.map(({ linkKey }) => linkKey)),
    unlinkAll: ({ id, secrets: kept }) => unlinkKeys([id, ...kept.map(({ linkKey }) => linkKey)]),
  }
}
