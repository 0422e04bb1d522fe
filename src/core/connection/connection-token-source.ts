import { freshnessOf, type AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../client-profile.ts'
import { triedAgainTimestampOf } from '../entry/dead-grant.ts'
import type { EntryRefresh } from '../entry/entry-refresh.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import { isOfConnection, isRenewable } from '../entry/renewable.ts'
import type { ConnectionEntry, OpenedEntry, StoredTokenEntry } from '../entry/token-entry.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { brokerErrorOf } from '../provider/provider-failure.ts'
import type { BrokeredToken, TokenAction, TokenSource } from '../request/brokered-token.ts'
import { fitnessOf } from '../request/fitness.ts'
import type { TokenRequest } from '../request/token-request.ts'
import type { ApplicationGrant } from './application-grant.ts'
import type { ConnectLink } from './connect-link.ts'
import { reconnectError, notConnectedError } from './connection-errors.ts'
import { readable, type ConnectionLookup } from './connection-lookup.ts'
import type { NamedConnection } from './connection.ts'
import type { RemoveOrphanedEntry } from './orphaned-entry.ts'

export interface ConnectionTokenSourceOptions {
  readonly lookup: ConnectionLookup
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly writer: EntryWriter
  readonly entryRefresh: EntryRefresh
  readonly applicationGrant: ApplicationGrant
  readonly removeOrphanedEntry: RemoveOrphanedEntry
  readonly linkOf: ConnectLink
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly refreshThresholdInMs: number
}

/** One request on its way. */
interface Call {
  readonly request: TokenRequest
  readonly connection: NamedConnection
  readonly profile: ClientProfile
}

interface Held {
  readonly stored: OpenedEntry<ConnectionEntry>
  readonly token: AccessToken
}

/** Tokens of connections: what is kept, renewed when it is due. Nobody's password is involved. @throws {BrokerError} */
export function createConnectionTokenSource(options: ConnectionTokenSourceOptions): TokenSource {
  const { writer, entryRefresh, now } = options

  return async (request) => {
    const connection = await options.lookup(request)
    try {
      const profile = await profileFor(connection, request)
      return await answer({ request, connection, profile })
    } catch (error) {
      throw error instanceof BrokerError ? error.about(connection.id, connection.name) : error
    }
  }

  async function profileFor(connection: NamedConnection, { client }: TokenRequest) {
    if (client !== undefined && client !== connection.client) {
      throw new BrokerError('invalid_request', {
        description: 'This connection is of another client profile.',
        remedy: 'Leave out the field client: a connection has its own.',
      })
    }
    const profile = await options.profiles.get(connection.client)
    if (profile.grants.includes(connection.grant)) return profile
    throw new BrokerError('policy_blocked', {
      description: 'The client profile of this connection does not allow connections of its kind any more.',
      remedy: 'Ask whoever runs the broker: the field grants of the client profile says what is allowed.',
    })
  }

  async function answer(call: Call): Promise<BrokeredToken> {
    const { connection, profile } = call
    const opened = openedOf(await readable(options.store.read(connection.id)))
    if (!opened || !isRenewable(opened.entry, profile)) {
      if (connection.grant === 'client_credentials') return byApplication(call, opened)
      const link = options.linkOf(connection)
      throw opened ? reconnectError(connection, link) : notConnectedError(connection, link)
    }
    const held = heldOf(opened, profile)
    if (!held) return refresh(call, opened)
    return isStale(call, held) ? orHeld(call, held, () => refresh(call, opened)) : serve(call, held)
  }

  async function byApplication(call: Call, opened: OpenedEntry | undefined): Promise<BrokeredToken> {
    const { connection, profile, request } = call
    const { token, stored, sentOnTimestamp } = await options.applicationGrant(connection, profile, {
      etag: opened?.etag,
      correlationId: request.correlationId,
    })
    // The token itself was asked for while the secret held.
    await options.removeOrphanedEntry(connection).catch(() => {})
    return brokered(call, {
      token,
      action: 'retrieved new token',
      source: 'identity_provider',
      warnings: stored.kind === 'failed' ? [stored.warning] : [],
      verifiedOnTimestamp: sentOnTimestamp,
      correlationId: request.correlationId,
    })
  }

  async function refresh(
    call: Call,
    opened: OpenedEntry<ConnectionEntry>,
    isSecondTry = false,
  ): Promise<BrokeredToken> {
    const { connection, profile, request } = call
    const { correlationId } = request
    const { dead } = opened
    if (dead && now() < triedAgainTimestampOf(dead)) {
      throw reconnectError(connection, options.linkOf(connection), dead)
    }
    const outcome = await entryRefresh.refresh(connection.id, opened, profile, {
      lastUsedTimestamp: now(),
      correlationId,
      mustLease: false,
    })
    if (outcome.kind === 'busy') return afterOther(call, opened, isSecondTry)
    if (outcome.kind === 'failed') {
      if (outcome.dead) throw reconnectError(connection, options.linkOf(connection), outcome.dead)
      throw brokerErrorOf(outcome.failure, correlationId)
    }
    const { token, stored } = outcome
    return brokered(call, {
      token,
      action: actionOf(opened),
      source: 'identity_provider',
      warnings: stored.kind === 'failed' ? [stored.warning] : [],
      verifiedOnTimestamp: opened.entry.verifiedOnTimestamp,
      correlationId,
    })
  }

  /** What another instance has stored is looked at as at first. */
  async function afterOther(
    call: Call,
    before: OpenedEntry<ConnectionEntry>,
    isLastTry: boolean,
  ): Promise<BrokeredToken> {
    const opened = openedOf(await entryRefresh.waitForOther(call.connection.id)) ?? before
    const held = heldOf(opened, call.profile)
    if (held && !isStale(call, held)) return serve(call, held)
    if (!isLastTry) return refresh(call, opened, true)
    throw new BrokerError('temporarily_unavailable', { logDetail: 'another instance has not finished' })
  }

  /** A passing failure costs the caller nothing while the token that is held lives. */
  async function orHeld(
    call: Call,
    held: Held,
    acquire: () => Promise<BrokeredToken>,
  ): Promise<BrokeredToken> {
    try {
      return await acquire()
    } catch (error) {
      const isPassing = error instanceof BrokerError && error.code === 'temporarily_unavailable'
      if (!isPassing || freshnessOf(held.token, now(), 0) === 'expired') throw error
      const detail = error.details.logDetail
      const served = await serve(call, held)
      return { ...served, warnings: [{ code: 'identity_provider_unavailable', detail }], notRenewed: error }
    }
  }

  async function serve(call: Call, { stored, token }: Held): Promise<BrokeredToken> {
    await writer.noteUse(call.connection.id, stored, token, now())
    const { verifiedOnTimestamp } = stored.entry
    return brokered(call, {
      token,
      action: 'returned existing token',
      source: 'store',
      warnings: [],
      verifiedOnTimestamp,
    })
  }

  function heldOf(stored: OpenedEntry<ConnectionEntry>, profile: ClientProfile): Held | undefined {
    const token = options.cachedTokenOf(stored.entry.serializedCache)
    // Other scopes only mean that it is time for another one.
    const isOfProfile = stored.entry.fingerprint === profile.fingerprint
    return token && isOfProfile && freshnessOf(token, now(), 0) === 'fresh' ? { stored, token } : undefined
  }

  function actionOf(stored: OpenedEntry<ConnectionEntry>): TokenAction {
    return stored.entry.renewal === 'ask_again'
      ? 'retrieved new token to replace expired token'
      : 'refreshed existing token'
  }

  function isStale({ request }: Call, { token }: Held): boolean {
    return fitnessOf(token, request, now(), options.refreshThresholdInMs) === 'stale'
  }
}

function brokered(
  { connection }: Call,
  fields: Omit<BrokeredToken, 'entryKey' | 'connection'>,
): BrokeredToken {
  return { ...fields, entryKey: connection.id, connection: connection.name }
}

/** @throws {BrokerError} `temporarily_unavailable` for what is there and does not open: it is nobody's to replace. */
function openedOf(stored: StoredTokenEntry | undefined): OpenedEntry<ConnectionEntry> | undefined {
  if (!stored) return undefined
  const opened = stored.entry && { ...stored, entry: stored.entry }
  if (opened && isOfConnection(opened)) return opened
  throw new BrokerError('temporarily_unavailable', { logDetail: 'the entry of the connection does not open' })
}
