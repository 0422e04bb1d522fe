import { freshnessOf, type AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfiles } from '../client-profile.ts'
import type { EntryRefresh } from '../entry/entry-refresh.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { OpenedEntry } from '../entry/token-entry.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { faultDetailOf } from '../fault-detail.ts'
import { brokerErrorOf } from '../provider/provider-failure.ts'
import type { BrokeredToken, TokenSource } from './brokered-token.ts'
import { fitnessOf } from './fitness.ts'
import { acquired, existing, notRenewed, type Inquiry } from './inquiry.ts'
import type { PasswordGrant } from './password-grant.ts'
import type { PasswordVerifiers } from './password-verifiers.ts'
import { userOf } from './token-request.ts'

export interface TokenSourceOptions {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly writer: EntryWriter
  readonly entryRefresh: EntryRefresh
  readonly passwordGrant: PasswordGrant
  readonly verifiers: PasswordVerifiers
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  /** Names the entry of a user of a profile, the same in every process. */
  readonly resolveEntryKey: (client: string, username: string) => Promise<string>
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
}

/** A stored token that the password of the request may have. */
interface Held {
  readonly stored: OpenedEntry
  readonly token: AccessToken
}

/** Tokens from the store when the password is the one that Entra ID accepted, else from Entra ID. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { writer, entryRefresh, passwordGrant, now } = options

  return async (request) => {
    const [profile, entryKey] = await Promise.all([
      options.profiles.get(request.client),
      options.resolveEntryKey(request.client, userOf(request)),
    ])
    try {
      return await answer({ request, profile, entryKey, ...(await readEntry(entryKey)) })
    } catch (error) {
      throw error instanceof BrokerError ? error.about(entryKey) : error
    }
  }

  async function answer(inquiry: Inquiry): Promise<BrokeredToken> {
    const opened = await openWithPassword(inquiry)
    if (!opened) return passwordGrant.acquire(inquiry, 'retrieved new token')
    const held = heldOf(opened)
    if (!held) return passwordGrant.acquireAgain(inquiry, 'retrieved new token to replace expired token')
    if (isToBeVerified(held)) {
      return orHeld(inquiry, held, () => passwordGrant.acquireAgain(inquiry, 'retrieved new token'))
    }
    return isStale(inquiry, held) ? orHeld(inquiry, held, () => refresh(inquiry, held)) : serve(inquiry, held)
  }

  async function readEntry(entryKey: string): Promise<Pick<Inquiry, 'stored' | 'warnings'>> {
    try {
      const stored = await options.store.read(entryKey)
      return { stored, warnings: stored && !stored.entry ? [{ code: 'stored_token_unreadable' }] : [] }
    } catch (error) {
      if (error instanceof BrokerError) throw error
      return {
        stored: undefined,
        warnings: [{ code: 'token_store_unavailable', detail: faultDetailOf(error) }],
      }
    }
  }

  /** The entry, if it is this profile's and its password is the one of the request. */
  async function openWithPassword({ stored, profile, request }: Inquiry): Promise<OpenedEntry | undefined> {
    const entry = stored?.entry
    if (!stored || entry?.fingerprint !== profile.fingerprint) return undefined
    const isMatch = await options.verifiers.matches(entry.passwordVerifier, request.password)
    return isMatch ? { ...stored, entry } : undefined
  }

  function heldOf(stored: OpenedEntry): Held | undefined {
    const token = options.cachedTokenOf(stored.entry.serializedCache)
    return token && freshnessOf(token, now(), 0) === 'fresh' ? { stored, token } : undefined
  }

  function isToBeVerified({ stored }: Held): boolean {
    return now() - stored.entry.verifiedOnTimestamp >= options.passwordMaxAgeInMs
  }

  function isStale({ request }: Inquiry, { token }: Held): boolean {
    return fitnessOf(token, request, now(), options.refreshThresholdInMs) === 'stale'
  }

  async function serve(inquiry: Inquiry, { stored, token }: Held): Promise<BrokeredToken> {
    await writer.noteUse(inquiry.entryKey, stored, token, now())
    return existing(inquiry, token)
  }

  /** A passing failure costs the caller nothing while the token that is held lives. */
  async function orHeld(
    inquiry: Inquiry,
    { token }: Held,
    acquire: () => Promise<BrokeredToken>,
  ): Promise<BrokeredToken> {
    try {
      return await acquire()
    } catch (error) {
      if (!isPassing(error) || freshnessOf(token, now(), 0) === 'expired') throw error
      return notRenewed(inquiry, token, error)
    }
  }

  async function refresh(inquiry: Inquiry, held: Held): Promise<BrokeredToken> {
    const { entryKey, profile, request } = inquiry
    const outcome = await entryRefresh.refresh(entryKey, held.stored, profile, {
      lastUsedTimestamp: now(),
      correlationId: request.correlationId,
      mustLease: false,
    })
    if (outcome.kind === 'refreshed') return acquired(inquiry, outcome, 'refreshed existing token')
    if (outcome.kind === 'busy') return afterOther(inquiry, held)
    const { failure, etag } = outcome
    if (failure.category !== 'dead_grant') throw brokerErrorOf(failure, request.correlationId)
    const stored = etag === undefined ? undefined : { ...held.stored, etag }
    return passwordGrant.acquireAgain({ ...inquiry, stored }, 'retrieved new token')
  }

  /** What another instance has stored is checked as at first: password and profile may have changed with it. */
  async function afterOther(inquiry: Inquiry, before: Held): Promise<BrokeredToken> {
    const stored = await entryRefresh.waitForOther(inquiry.entryKey)
    const opened = stored && (await openWithPassword({ ...inquiry, stored }))
    if (stored?.entry && !opened) return passwordGrant.acquire({ ...inquiry, stored }, 'retrieved new token')
    const held = opened && heldOf(opened)
    if (held && !isStale(inquiry, held)) return existing(inquiry, held.token)
    const logDetail = 'another instance has not finished'
    const reason = new BrokerError('temporarily_unavailable', { logDetail })
    return notRenewed(inquiry, (held ?? before).token, reason)
  }
}

/** A locked account passes too: whoever locked it must not take the token from its owner. */
function isPassing(error: unknown): error is BrokerError {
  return (
    error instanceof BrokerError &&
    (error.code === 'temporarily_unavailable' || error.code === 'account_locked')
  )
}
