import type { AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfiles } from '../client-profile.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import type { ApplicationGrant } from './application-grant.ts'
import type { ConnectLink } from './connect-link.ts'
import { openedOf, readable } from './connection-lookup.ts'
import type { ConnectionSecrets } from './connection-secrets.ts'
import type { ConnectionStore, StoredConnection } from './connection-store.ts'
import { connectionViewOf, type ConnectionView } from './connection-view.ts'
import { secretsAt, type Connection, type ConnectionSecret, type NamedConnection } from './connection.ts'

/** What is to be connected. */
export interface ConnectionWish extends Pick<Connection, 'client' | 'grant' | 'username' | 'owner'> {
  readonly name: string
}

export interface Made {
  readonly view: ConnectionView
  /** This once; absent when the connection was there. */
  readonly secret?: string
}

/** What administrators do. All methods throw {@link BrokerError}; `not_found` for a name that is none. */
export interface Connections {
  /**
   * The same wish again changes nothing but the owner.
   *
   * @throws {BrokerError} `invalid_request` when the client profile does not allow it, `conflict` when there is another connection
   * of the name, and whatever keeps an application from its first token.
   */
  make(wish: ConnectionWish, correlationId: string): Promise<Made>
  get(name: string): Promise<ConnectionView>
  list(
    pageSize: number,
    next?: string,
  ): Promise<{ readonly connections: readonly ConnectionView[]; readonly next: string | undefined }>
  /** @param overlapInMs the secret of before holds so long; in other instances up to five minutes longer. */
  changeSecret(name: string, overlapInMs: number): Promise<{ view: ConnectionView; secret: string }>
  /** Its tokens go with it: here at once, in other instances within five minutes. */
  remove(name: string): Promise<void>
}

export interface ConnectionsOptions {
  readonly profiles: ClientProfiles
  readonly store: ConnectionStore
  readonly entries: TokenEntryStore
  readonly writer: EntryWriter
  readonly applicationGrant: ApplicationGrant
  readonly secrets: ConnectionSecrets
  readonly resolveSecretKey: (secret: string) => Promise<string>
  /** 128 random bits, base64url. */
  readonly randomKey: () => string
  /** Makes this process forget the tokens of an entry. */
  readonly forgetHere: (entryKey: string) => void
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  readonly linkOf: ConnectLink
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Between the read and the write somebody may have written. */
const ATTEMPTS = 4

export function createConnections(options: ConnectionsOptions): Connections {
  const { store, entries, secrets, now } = options

  async function viewOf(connection: NamedConnection): Promise<ConnectionView> {
    const entry = await readable(entries.read(connection.id))
    const token = entry?.entry && options.cachedTokenOf(entry.entry.serializedCache)
    return connectionViewOf(connection, entry, token, options.linkOf(connection))
  }

  async function found(name: string): Promise<{ connection: NamedConnection; etag: string }> {
    const stored = await readable(store.read(name))
    if (!stored) throw notFound()
    return { connection: openedOf(stored), etag: stored.etag }
  }

  /** @throws {BrokerError} */
  async function allowed({ client, grant, username }: ConnectionWish) {
    const profile = await options.profiles.get(client)
    if (!profile.grants.includes(grant)) {
      throw invalid(
        `The client profile ${client} does not allow connections with ${grant}.`,
        `Add "grants": ["${grant}"] to the JSON of the secret client-${client}.`,
      )
    }
    if (grant === 'authorization_code' && username === undefined) {
      throw invalid('username is missing.', 'Name the account that is to sign in.')
    }
    if (grant === 'authorization_code' && options.linkOf({ id: '', grant }) === undefined) {
      throw invalid(
        'The broker does not know its own address, so nobody can be sent back to it from a sign-in.',
        'Set PUBLIC_URL, such as https://broker.contoso.com.',
      )
    }
    return profile
  }

  async function newSecret(name: string): Promise<{ secret: string; kept: ConnectionSecret }> {
    const secret = secrets.create()
    // Before the connection: a link to nothing opens nothing, and a secret without a link would open nothing either.
    await readable(store.link(await options.resolveSecretKey(secret), name))
    return {
      secret,
      kept: { digest: secrets.digestOf(secret), linkKey: await options.resolveSecretKey(secret) },
    }
  }

  async function changedTo(connection: NamedConnection, secret: string) {
    options.forgetHere(connection.id)
    return { view: await viewOf(connection), secret }
  }

  async function makeNew(wish: ConnectionWish, correlationId: string): Promise<Made> {
    const { name, client, grant, username, owner } = wish
    const profile = await allowed(wish)
    const id = options.randomKey()
    // Connected means proven.
    if (grant === 'client_credentials') {
      await options.applicationGrant({ id }, profile, { etag: undefined, correlationId })
    }
    const { secret, kept } = await newSecret(name)
    const connection: NamedConnection = {
      name,
      id,
      client,
      grant,
      ...(username !== undefined && { username }),
      ...(owner !== undefined && { owner }),
      secrets: [kept],
      createdOnTimestamp: now(),
    }
    if (grant === 'authorization_code') await readable(store.link(id, name))
    if ((await readable(store.write(connection, undefined))) === undefined) throw taken()
    return { view: await viewOf(connection), secret }
  }

  async function makeAgain(wish: ConnectionWish, stored: StoredConnection): Promise<Made> {
    const connection = openedOf(stored)
    if (!isSame(connection, wish)) throw taken()
    await allowed(wish)
    const { owner = connection.owner } = wish
    if (owner === connection.owner) return { view: await viewOf(connection) }
    const changed = { ...connection, ...(owner !== undefined && { owner }) }
    if ((await readable(store.write(changed, stored.etag))) === undefined) throw beingWritten()
    return { view: await viewOf(changed) }
  }

  return {
    async make(wish, correlationId) {
      const stored = await readable(store.read(wish.name))
      return stored ? makeAgain(wish, stored) : makeNew(wish, correlationId)
    },

    async get(name) {
      return viewOf((await found(name)).connection)
    },

    async list(pageSize, next) {
      const page = await readable(store.list(pageSize, next))
      const readables = page.connections.filter(({ connection }) => connection !== undefined)
      const connections = await Promise.all(readables.map((stored) => viewOf(openedOf(stored))))
      return { connections, next: page.next }
    },

    async changeSecret(name, overlapInMs) {
      const { secret, kept } = await newSecret(name)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const { connection, etag } = await found(name)
        // Its own write, whose answer was lost: done twice it would end the secret before.
        if (connection.secrets[0]?.linkKey === kept.linkKey) return changedTo(connection, secret)
        const [current] = secretsAt(connection, now())
        const before = current && { ...current, endTimestamp: now() + overlapInMs }
        const changed = { ...connection, secrets: before && overlapInMs > 0 ? [kept, before] : [kept] }
        if ((await readable(store.write(changed, etag))) === undefined) continue
        const dropped = connection.secrets.filter(({ linkKey }) =>
          changed.secrets.every((held) => held.linkKey !== linkKey),
        )
        // A link to a secret that does not open is of no use, and does no harm.
        await Promise.allSettled(dropped.map(({ linkKey }) => store.unlink(linkKey)))
        return changedTo(changed, secret)
      }
      throw beingWritten()
    },

    async remove(name) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const stored = await readable(store.read(name))
        if (!stored) {
          if (attempt === 0) throw notFound()
          return
        }
        const connection = openedOf(stored)
        // First, so that whoever is told that it failed can delete it again; and last, what was stored meanwhile.
        await removeEntry(connection.id)
        if (!(await readable(store.remove(name, stored.etag)))) continue
        options.forgetHere(connection.id)
        const links = [connection.id, ...connection.secrets.map(({ linkKey }) => linkKey)]
        await Promise.allSettled(links.map((key) => store.unlink(key)))
        await removeEntry(connection.id)
        return
      }
      throw beingWritten()
    },
  }

  /** Nobody can ask for it any more; a refresh that is under way must not bring it back. */
  async function removeEntry(id: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await readable(entries.read(id))
      if (!entry || (await readable(options.writer.forget(id, entry.etag)))) return
    }
    throw beingWritten()
  }
}

function isSame(connection: NamedConnection, wish: ConnectionWish): boolean {
  const accountOf = ({ username }: { readonly username?: string | undefined }) => username?.toLowerCase()
  return (
    connection.client === wish.client &&
    connection.grant === wish.grant &&
    accountOf(connection) === accountOf(wish)
  )
}

function invalid(description: string, remedy: string): BrokerError {
  return new BrokerError('invalid_request', { description, remedy })
}

function notFound(): BrokerError {
  return new BrokerError('not_found', {
    description: 'There is no connection of this name.',
    remedy: 'GET /connections lists them.',
  })
}

function taken(): BrokerError {
  return new BrokerError('conflict', {
    description: 'There is a connection of this name with another client, grant or username.',
    remedy: 'Choose another name, or delete that connection.',
  })
}

function beingWritten(): BrokerError {
  return new BrokerError('temporarily_unavailable', { logDetail: 'the connection is being written' })
}
