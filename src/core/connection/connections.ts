import type { AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfiles } from '../client-profile.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { serial } from '../serial.ts'
import type { ApplicationGrant } from './application-grant.ts'
import type { ConnectLink } from './connect-link.ts'
import { openedOf, readable } from './connection-lookup.ts'
import type { RemoveEntry } from './entry-removal.ts'
import type { ConnectionSecrets } from './connection-secrets.ts'
import type { ConnectionStore, StoredConnection } from './connection-store.ts'
import { beingWrittenError, notFoundError, takenError } from './connection-errors.ts'
import { createConnectionLinks } from './connection-links.ts'
import { connectionViewOf, type ConnectionView } from './connection-view.ts'
import { secretsAt, type Connection, type NamedConnection } from './connection.ts'

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
  /** Its tokens go with it: here at once, in other instances within five minutes. One that no key opens any more only frees its name. */
  remove(name: string): Promise<void>
}

export interface ConnectionsOptions {
  readonly profiles: ClientProfiles
  readonly store: ConnectionStore
  readonly entries: TokenEntryStore
  readonly removeEntry: RemoveEntry
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
  const { store, entries, now } = options
  const links = createConnectionLinks(options)
  /** Whoever writes the same connection in this process waits; only other instances' writers are met by trying again. */
  const inTurn = serial()

  async function viewOf(connection: NamedConnection): Promise<ConnectionView> {
    const entry = await readable(entries.read(connection.id))
    const token = entry?.entry && options.cachedTokenOf(entry.entry.serializedCache)
    return connectionViewOf(connection, entry, token, options.linkOf(connection))
  }

  async function found(name: string): Promise<{ connection: NamedConnection; etag: string }> {
    const stored = await readable(store.read(name))
    if (!stored) throw notFoundError()
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

  /** @returns `undefined`, leaving nothing behind, when somebody else has made one of the name meanwhile. */
  async function makeNew(wish: ConnectionWish, correlationId: string): Promise<Made | undefined> {
    const { name, client, grant, username, owner } = wish
    const profile = await allowed(wish)
    const id = options.randomKey()
    // Connected means proven.
    if (grant === 'client_credentials') {
      await options.applicationGrant({ id }, profile, { etag: undefined, correlationId })
    }
    const { secret, kept } = await links.makeSecret(name)
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
    if (grant === 'authorization_code') await links.linkId(connection)
    if ((await readable(store.write(connection, undefined))) === undefined) {
      await options.removeEntry(id)
      await links.unlinkAll(connection)
      return undefined
    }
    return { view: await viewOf(connection), secret }
  }

  async function makeAgain(wish: ConnectionWish, stored: StoredConnection): Promise<Made> {
    const connection = openedOf(stored)
    if (!isSame(connection, wish)) throw takenError().about(connection.id, connection.name)
    await allowed(wish)
    const { owner = connection.owner } = wish
    if (owner === connection.owner) return { view: await viewOf(connection) }
    const changed = { ...connection, ...(owner !== undefined && { owner }) }
    if ((await readable(store.write(changed, stored.etag))) === undefined) throw beingWrittenError()
    return { view: await viewOf(changed) }
  }

  async function make(wish: ConnectionWish, correlationId: string): Promise<Made> {
    const stored = await readable(store.read(wish.name))
    if (stored) return makeAgain(wish, stored)
    const made = await makeNew(wish, correlationId)
    if (made) return made
    const other = await readable(store.read(wish.name))
    if (!other) throw beingWrittenError()
    return makeAgain(wish, other)
  }

  async function changedTo(connection: NamedConnection, secret: string) {
    options.forgetHere(connection.id)
    return { view: await viewOf(connection), secret }
  }

  async function changeSecret(name: string, overlapInMs: number) {
    // A name that is none has no row to lead to it.
    await found(name)
    const { secret, kept } = await links.makeSecret(name)
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
      await links.unlink(dropped)
      return changedTo(changed, secret)
    }
    await links.unlink([kept])
    throw beingWrittenError()
  }

  async function remove(name: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await readable(store.read(name))
      if (!stored) {
        if (attempt === 0) throw notFoundError()
        return
      }
      if (isLost(stored)) {
        if (await readable(store.remove(name, stored.etag))) return
        continue
      }
      const connection = openedOf(stored)
      // First, so that what fails here can be done again; and last, for what was acquired meanwhile.
      await options.removeEntry(connection.id)
      if (!(await readable(store.remove(name, stored.etag)))) continue
      options.forgetHere(connection.id)
      await links.unlinkAll(connection)
      await options.removeEntry(connection.id)
      return
    }
    throw beingWrittenError()
  }

  return {
    make: (wish, correlationId) => inTurn(wish.name, () => make(wish, correlationId)),

    async get(name) {
      return viewOf((await found(name)).connection)
    },

    async list(pageSize, next) {
      const page = await readable(store.list(pageSize, next))
      const readables = page.connections.filter(({ connection }) => connection !== undefined)
      const connections = await Promise.all(readables.map((stored) => viewOf(openedOf(stored))))
      return { connections, next: page.next }
    },

    changeSecret: (name, overlapInMs) => inTurn(name, () => changeSecret(name, overlapInMs)),

    remove: (name) => inTurn(name, () => remove(name)),
  }
}

/** Its key is gone for good. Nobody knows any more which tokens were its, and no key opens them: the name is all there is to free. */
function isLost({ connection, mayOpenLater }: StoredConnection): boolean {
  return !connection && !mayOpenLater
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
