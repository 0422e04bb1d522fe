import type { AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../client-profile.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import type { IdentityProvider, SignedIn } from '../provider/identity-provider.ts'
import { IdentityProviderError } from '../provider/provider-failure.ts'
import { CALLBACK_PATH, type ConnectLink } from './connect-link.ts'
import { openedOf, readable } from './connection-lookup.ts'
import type { RemoveEntry } from './entry-removal.ts'
import type { ConnectionStore } from './connection-store.ts'
import { connectionViewOf, type ConnectionView } from './connection-view.ts'
import type { NamedConnection } from './connection.ts'
import type { SealedAttempts, SignInAttempt, SignInOutcome, SignInResponse } from './sign-in.ts'

const ATTEMPT_IN_MS = 15 * 60_000
/** Between the read and the write somebody may have written. */
const ATTEMPTS = 4

/** What the page of a connection shows. */
export interface ConnectPage {
  readonly view: ConnectionView
  readonly profile: Pick<ClientProfile, 'clientId' | 'scopes'>
}

/** The connection that an answer was for, if it was for one. */
export interface Finished {
  readonly id?: string
  readonly name?: string
  readonly outcome: SignInOutcome
}

/** A person connects a connection by signing in. Nothing is stored before the sign-in has proved itself. */
export interface SignIns {
  /** @throws {BrokerError} `not_found` for an id that is none, and for a connection without a person. */
  show(id: string): Promise<ConnectPage>
  /**
   * Changes nothing. @returns the connection's name, where to sign in, and the sealed attempt, for the browser to keep.
   *
   * @throws {BrokerError} as `show` does.
   */
  begin(id: string): Promise<{
    readonly name: string
    readonly url: string
    readonly sealedAttempt: string
  }>
  /** Never rejects: whatever went wrong is an outcome, and the tokens of before stay. */
  finish(
    sealedAttempt: string | undefined,
    response: SignInResponse,
    correlationId: string,
  ): Promise<Finished>
}

export interface SignInsOptions {
  readonly profiles: ClientProfiles
  readonly store: ConnectionStore
  readonly entries: TokenEntryStore
  readonly removeEntry: RemoveEntry
  readonly writer: EntryWriter
  readonly identityProvider: IdentityProvider
  readonly attempts: SealedAttempts
  /** Makes this process forget the tokens of an entry. */
  readonly forgetHere: (entryKey: string) => void
  readonly linkOf: ConnectLink
  /** The broker's own address; without it nobody can be sent back. */
  readonly publicUrl: string | undefined
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
}

export function createSignIns(options: SignInsOptions): SignIns {
  const { store, identityProvider, now } = options

  async function found(id: string): Promise<{ connection: NamedConnection; profile: ClientProfile }> {
    const name = await readable(store.nameOf(id))
    const stored = name === undefined ? undefined : await readable(store.read(name))
    const connection = stored && openedOf(stored)
    if (connection?.id !== id || connection.grant !== 'authorization_code') throw notFound()
    const profile = await options.profiles.get(connection.client)
    if (!profile.grants.includes('authorization_code')) throw notFound()
    return { connection, profile }
  }

  function redirectUri(): string {
    if (options.publicUrl !== undefined) return `${options.publicUrl}${CALLBACK_PATH}`
    throw new BrokerError('misconfigured', { logDetail: 'PUBLIC_URL is not set: nobody can be sent back' })
  }

  async function answerTo(
    attempt: SignInAttempt,
    response: SignInResponse,
    correlationId: string,
  ): Promise<Finished> {
    const { connection, profile } = await found(attempt.id)
    const finished = (outcome: SignInOutcome): Finished => ({
      id: connection.id,
      name: connection.name,
      outcome,
    })
    // The profile was pointed to another authority meanwhile: this answer is not that one's.
    if (profile.authority !== attempt.authority) return finished({ kind: 'expired' })
    const { code, aadsts } = response
    if (code === undefined) return finished({ kind: 'refused', aadsts })
    try {
      const signedIn = await identityProvider.acquireByCode(
        profile,
        { ...attempt, code, redirectUri: redirectUri() },
        correlationId,
      )
      const isRight = isOfTenant(profile, signedIn) && isRequired(connection, signedIn)
      if (!isRight) return finished({ kind: 'wrong_account' })
      return finished(await prove(connection, profile, signedIn, correlationId))
    } catch (error) {
      if (!(error instanceof IdentityProviderError)) throw error
      const { failure } = error
      const isPassing = failure.category === 'temporarily_unavailable'
      return finished(isPassing ? { kind: 'unavailable' } : { kind: 'refused', aadsts: failure.aadsts })
    }
  }

  /** A refresh token that is good for nothing, for whatever policy, is found out now and not when the flow needs it. */
  async function prove(
    connection: NamedConnection,
    profile: ClientProfile,
    { account, serializedCache }: SignedIn,
    correlationId: string,
  ): Promise<SignInOutcome> {
    const { id } = connection
    const before = await readable(options.entries.read(id))
    const { name: client, fingerprint, clientFingerprint } = profile
    const verifiedOnTimestamp = now()
    const persist = options.writer.persistAccepted(id, before?.etag, async (renewed) => ({
      renewal: 'refresh_token',
      client,
      fingerprint,
      clientFingerprint,
      verifiedOnTimestamp,
      serializedCache: renewed,
    }))
    const { stored } = await identityProvider.acquireByRefreshToken(
      profile,
      serializedCache,
      persist,
      correlationId,
    )
    if (stored.kind !== 'stored') return { kind: 'not_stored' }
    options.forgetHere(id)
    // Its tokens are stored: what keeps it from being pinned does not undo that.
    const isThere = await pin(connection, account).catch((error: unknown) => {
      if (error instanceof BrokerError) return true
      throw error
    })
    if (isThere) return { kind: 'connected' }
    await options.removeEntry(id)
    return { kind: 'expired' }
  }

  /**
   * From now on it must be the same one. Should this fail, the next sign-in is checked by its name once more.
   *
   * @returns false when the connection was deleted meanwhile.
   */
  async function pin(
    { name, id }: NamedConnection,
    { tenantId, objectId }: SignedIn['account'],
  ): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await readable(store.read(name))
      const connection = stored && openedOf(stored)
      if (connection?.id !== id) return false
      if (connection.pinned) return true
      const changed = { ...connection, pinned: { tenantId, objectId } }
      if ((await readable(store.write(changed, stored?.etag))) !== undefined) return true
    }
    return true
  }

  return {
    async show(id) {
      const { connection, profile } = await found(id)
      const entry = await readable(options.entries.read(id))
      const token = entry?.entry && options.cachedTokenOf(entry.entry.serializedCache)
      return { view: connectionViewOf(connection, entry, token, options.linkOf(connection)), profile }
    },

    async begin(id) {
      const { connection, profile } = await found(id)
      const { url, ...request } = await identityProvider.beginSignIn(profile, redirectUri())
      const { authority } = profile
      const endTimestamp = now() + ATTEMPT_IN_MS
      const sealedAttempt = await options.attempts.seal({ id, authority, ...request, endTimestamp })
      return { name: connection.name, url, sealedAttempt }
    },

    async finish(sealedAttempt, response, correlationId) {
      try {
        const attempt = sealedAttempt === undefined ? undefined : await options.attempts.open(sealedAttempt)
        const isOurs = attempt && now() < attempt.endTimestamp && attempt.state === response.state
        if (!isOurs) return { outcome: { kind: 'expired' } }
        return await answerTo(attempt, response, correlationId)
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        const isGone = error.code === 'not_found' || error.code === 'unknown_client'
        return { outcome: { kind: isGone ? 'expired' : 'unavailable' } }
      }
    },
  }
}

const TENANT_ID = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** A tenant that is named by a domain says nothing of its id: then the sign-in that is pinned does. */
function isOfTenant({ authority }: ClientProfile, { account }: SignedIn): boolean {
  const [, tenantId] = TENANT_ID.exec(authority) ?? []
  return tenantId === undefined || tenantId === account.tenantId.toLowerCase()
}

/** By name until somebody has signed in; then the very account, whatever it is called by now. */
function isRequired({ pinned, username }: NamedConnection, { account }: SignedIn): boolean {
  if (!pinned) return username?.toLowerCase() === account.username.toLowerCase()
  return pinned.tenantId === account.tenantId && pinned.objectId === account.objectId
}

function notFound(): BrokerError {
  return new BrokerError('not_found', {
    description: 'There is nothing to connect here.',
    remedy: 'Ask whoever sent the link for another one.',
  })
}
