import { freshnessOf, type AccessToken } from '../access-token.ts'
import { acquisitionErrorOf } from '../provider/acquisition-error.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../client-profile.ts'
import type { DueIndex } from '../entry/due-index.ts'
import { categoryOf } from '../provider/entra-failure.ts'
import type { EntryRefresh, OpenedEntry } from '../entry/entry-refresh.ts'
import type { EntrySlots } from '../entry/entry-writer.ts'
import { IdentityProviderError, type IdentityProvider } from '../provider/identity-provider.ts'
import type { OtherRefresh } from '../entry/other-refresh.ts'
import type { PasswordVerifiers } from './password-verifiers.ts'
import type { StoredTokenEntry, TokenEntryStore } from '../entry/token-entry.ts'
import { userOf, type BrokeredToken, type TokenAction, type TokenRequest } from './token-request.ts'
import { faultDetailOf, type Warning } from '../warning.ts'

const USE_NOTED_EVERY_MS = 3_600_000

export interface TokenAcquirerParts {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  readonly slots: EntrySlots
  readonly refreshEntry: EntryRefresh
  readonly awaitOtherRefresh: OtherRefresh
  readonly identityProvider: IdentityProvider
  readonly verifiers: PasswordVerifiers
  /** Names the entry of a user of a profile, the same in every process. */
  readonly entryKeyOf: (client: string, username: string) => Promise<string>
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
}

/**
 * A token that lives for at least the window: from the store when the password is the one that Entra ID accepted, else from
 * Entra ID. When Entra ID is down, one that lives for what the request asks.
 *
 * @throws {BrokerError}
 */
export type TokenAcquirer = (request: TokenRequest, windowInMs: number) => Promise<BrokeredToken>

/** One request on its way, with what was derived from it once. */
interface Inquiry {
  readonly request: TokenRequest
  readonly profile: ClientProfile
  readonly entryKey: string
  readonly windowInMs: number
  /** The entry as it was read; its tokens may be another profile's, or unreadable. */
  readonly stored: StoredTokenEntry | undefined
  readonly warnings: readonly Warning[]
}

export function createTokenAcquirer(parts: TokenAcquirerParts): TokenAcquirer {
  const { profiles, store, identityProvider, verifiers, now } = parts

  async function acquireToken(request: TokenRequest, windowInMs: number): Promise<BrokeredToken> {
    const [profile, entryKey] = await Promise.all([
      profiles.get(request.client),
      parts.entryKeyOf(request.client, userOf(request)),
    ])
    try {
      const read = await readEntry(entryKey)
      return await tokenFor({ request, profile, entryKey, windowInMs, ...read })
    } catch (error) {
      throw error instanceof BrokerError ? error.about(entryKey) : error
    }
  }

  async function readEntry(entryKey: string): Promise<Pick<Inquiry, 'stored' | 'warnings'>> {
    try {
      const stored = await store.read(entryKey)
      return { stored, warnings: stored && !stored.entry ? [{ code: 'stored_token_unreadable' }] : [] }
    } catch (error) {
      if (error instanceof BrokerError) throw error
      return {
        stored: undefined,
        warnings: [{ code: 'token_store_unavailable', detail: faultDetailOf(error) }],
      }
    }
  }

  async function tokenFor(inquiry: Inquiry): Promise<BrokeredToken> {
    const { request, profile, stored } = inquiry
    const entry = stored?.entry?.fingerprint === profile.fingerprint ? stored.entry : undefined
    const token = entry && identityProvider.cachedTokenOf(entry.serializedCache)
    if (!stored || !entry || !(await verifiers.matches(entry.passwordVerifier, request.password))) {
      return acquireByPassword(inquiry)
    }
    const opened = { ...stored, entry }
    if (!token || freshnessOf(token, now(), 0) === 'expired') {
      return reacquireByPassword(inquiry, stored.etag, 'retrieved new token to replace expired token')
    }
    if (now() - entry.verifiedOnTimestamp >= parts.passwordMaxAgeInMs) {
      return orStillValid(inquiry, token, () => reacquireByPassword(inquiry, stored.etag))
    }
    if (freshnessOf(token, now(), inquiry.windowInMs) === 'stale') {
      return orStillValid(inquiry, token, () => refresh(inquiry, opened, token))
    }
    await noteUse(inquiry.entryKey, opened, token)
    return existing(inquiry, token)
  }

  function existing(inquiry: Inquiry, token: AccessToken, warnings = inquiry.warnings): BrokeredToken {
    return { token, action: 'returned existing token', source: 'store', warnings, entryKey: inquiry.entryKey }
  }

  /** An entry in use is not evicted, and has its hint again if that was lost. Nothing that a caller must wait long for. */
  async function noteUse(entryKey: string, stored: OpenedEntry, token: AccessToken): Promise<void> {
    const dueTimestamp = token.expiresOnTimestamp - parts.refreshThresholdInMs
    // Who holds the lease could not store the new tokens if the row changed meanwhile.
    const isNotable =
      now() - stored.lastUsedTimestamp >= USE_NOTED_EVERY_MS && stored.leasedUntilTimestamp <= now()
    await Promise.allSettled([
      dueTimestamp > now() && parts.dueIndex.add({ entryKey, dueTimestamp }),
      isNotable && store.mark(entryKey, { lastUsedTimestamp: now() }, stored.etag),
    ])
  }

  /** A passing failure costs the caller nothing while the token it has lives long enough. */
  async function orStillValid(
    inquiry: Inquiry,
    token: AccessToken,
    acquire: () => Promise<BrokeredToken>,
  ): Promise<BrokeredToken> {
    try {
      return await acquire()
    } catch (error) {
      // A locked account passes too; whoever locked it must not take the token from its owner.
      const isPassing =
        error instanceof BrokerError &&
        (error.code === 'temporarily_unavailable' || error.code === 'account_locked')
      const isEnough = freshnessOf(token, now(), inquiry.request.minValidInMs) === 'fresh'
      if (!isPassing || !isEnough) throw error
      const warning: Warning = { code: 'identity_provider_unavailable', detail: error.details.logDetail }
      return existing(inquiry, token, [...inquiry.warnings, warning])
    }
  }

  async function refresh(inquiry: Inquiry, stored: OpenedEntry, token: AccessToken): Promise<BrokeredToken> {
    const { entryKey, profile, request } = inquiry
    const outcome = await parts.refreshEntry(entryKey, stored, profile, {
      lastUsedTimestamp: now(),
      correlationId: request.correlationId,
      mustLease: false,
    })
    if (outcome.kind === 'refreshed') {
      return acquired(inquiry, outcome.token, 'refreshed existing token', outcome.warnings)
    }
    if (outcome.kind === 'busy') {
      const theirs = await parts.awaitOtherRefresh(entryKey, inquiry.windowInMs)
      if (theirs) return existing(inquiry, theirs)
      if (freshnessOf(token, now(), request.minValidInMs) === 'fresh') return existing(inquiry, token)
      throw new BrokerError('temporarily_unavailable', { logDetail: 'another instance has not finished' })
    }
    if (categoryOf(outcome.error.failure) !== 'dead_grant')
      throw acquisitionErrorOf(outcome.error, request.correlationId)
    return reacquireByPassword(inquiry, outcome.etag)
  }

  /** For a password that Entra ID accepted before. If it refuses it now, the password was changed: forget the entry. */
  async function reacquireByPassword(
    inquiry: Inquiry,
    etag: string | undefined,
    action?: TokenAction,
  ): Promise<BrokeredToken> {
    try {
      return await acquireByPassword(inquiry, action, etag)
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'invalid_credentials' && etag !== undefined) {
        await store.remove(inquiry.entryKey, etag).catch(() => false)
      }
      throw error
    }
  }

  async function acquireByPassword(
    inquiry: Inquiry,
    action: TokenAction = 'retrieved new token',
    etag = inquiry.stored?.etag,
  ): Promise<BrokeredToken> {
    const { request, profile, entryKey } = inquiry
    const slot = parts.slots.forPassword(entryKey, etag, async (serializedCache) => ({
      client: profile.name,
      fingerprint: profile.fingerprint,
      // Before the hash takes its time: the order in which Entra ID accepted two passwords decides between them.
      verifiedOnTimestamp: now(),
      passwordVerifier: await verifiers.create(request.password),
      serializedCache,
    }))
    try {
      const token = await identityProvider.acquireByPassword(profile, request, slot, request.correlationId)
      return acquired(inquiry, token, action, slot.warnings)
    } catch (error) {
      throw error instanceof IdentityProviderError ? acquisitionErrorOf(error, request.correlationId) : error
    }
  }

  function acquired(
    inquiry: Inquiry,
    token: AccessToken,
    action: TokenAction,
    warnings: readonly Warning[],
  ): BrokeredToken {
    const { minValidInMs } = inquiry.request
    if (freshnessOf(token, now(), minValidInMs) !== 'fresh') {
      const livesInSeconds = Math.floor((token.expiresOnTimestamp - now()) / 1000)
      throw new BrokerError('invalid_request', {
        description: `min_valid_seconds asks for ${minValidInMs / 1000} s, but a new token lives only ${livesInSeconds} s.`,
        remedy: 'Ask for less, or leave min_valid_seconds out.',
      })
    }
    return {
      token,
      action,
      source: 'identity_provider',
      warnings: [...inquiry.warnings, ...warnings],
      entryKey: inquiry.entryKey,
      correlationId: inquiry.request.correlationId,
    }
  }

  return acquireToken
}
