import { BrokerError } from '../broker-error.ts'
import { faultDetailOf } from '../fault-detail.ts'
import type { Credentials } from '../provider/identity-provider.ts'
import { isCalled, secretsAt, type NamedConnection } from './connection.ts'
import type { ConnectionSecrets } from './connection-secrets.ts'
import type { ConnectionStore, StoredConnection } from './connection-store.ts'

/**
 * The connection that a request's secret opens. Whatever is wrong, Entra ID is not asked; what is no whole secret asks nobody.
 *
 * @throws {BrokerError} `invalid_credentials`, in the same words for a wrong secret and for a connection that does not exist;
 * `temporarily_unavailable`.
 */
export type ConnectionLookup = (credentials: Credentials) => Promise<NamedConnection>

export interface ConnectionLookupOptions {
  readonly store: ConnectionStore
  readonly secrets: ConnectionSecrets
  /** Names the row of a secret, the same in every process. */
  readonly resolveSecretKey: (secret: string) => Promise<string>
  /** Epoch milliseconds. */
  readonly now: () => number
}

export function createConnectionLookup(options: ConnectionLookupOptions): ConnectionLookup {
  const { store, secrets, now } = options

  return async ({ username, password: secret }) => {
    if (!secrets.isWhole(secret)) throw refused()
    const secretKey = await options.resolveSecretKey(secret)
    const name = await readable(store.nameOf(secretKey))
    const stored = name === undefined ? undefined : await readable(store.read(name))
    const connection = stored && openedOf(stored)
    const isOpened =
      connection && secretsAt(connection, now()).some(({ digest }) => secrets.matches(digest, secret))
    if (!isOpened || !isCalled(connection, username)) throw refused()
    return connection
  }
}

/** @throws {BrokerError} `temporarily_unavailable` when it cannot be opened: it is not gone. */
export function openedOf({ name, connection }: StoredConnection): NamedConnection {
  if (connection) return { ...connection, name }
  throw new BrokerError('temporarily_unavailable', { logDetail: `connection ${name} does not open` })
}

/** @throws {BrokerError} `temporarily_unavailable` for the store's failure. */
export async function readable<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof BrokerError) throw error
    throw new BrokerError('temporarily_unavailable', { logDetail: faultDetailOf(error), cause: error })
  }
}

function refused(): BrokerError {
  return new BrokerError('invalid_credentials', {
    description: 'This secret opens no connection of this name.',
    remedy:
      'Paste the whole secret as the password, and the name of the connection, or the account it is for, as the user name. A lost secret cannot be read again: have a new one made.',
    logDetail: 'connection secret',
  })
}
