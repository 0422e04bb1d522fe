import { freshnessOf, type AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { EntryRefresh } from '../entry/entry-refresh.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { OpenedEntry } from '../entry/token-entry.ts'
import { brokerErrorOf } from '../provider/provider-failure.ts'
import type { BrokeredToken, TokenAction } from './brokered-token.ts'
import type { CredentialCheck } from './credential-check.ts'
import { fitnessOf } from './fitness.ts'
import type { Inquiries } from './inquiries.ts'
import { acquired, existing, notRenewed, type Held, type Inquiry } from './inquiry.ts'
import type { LockoutGuard } from './lockout-guard.ts'
import type { GrantOptions, PasswordGrant } from './password-grant.ts'
import type { PasswordRequest } from './token-request.ts'

export interface TokenSourceOptions {
  readonly inquiries: Inquiries
  readonly writer: EntryWriter
  readonly entryRefresh: EntryRefresh
  readonly guard: Pick<LockoutGuard, 'check' | 'wasRefusedSince'>
  readonly credentialCheck: CredentialCheck
  readonly passwordGrant: PasswordGrant
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
}

/** Tokens from the store when the password is the one that Entra ID accepted, else from Entra ID. */
export function createTokenSource(
  options: TokenSourceOptions,
): (request: PasswordRequest) => Promise<BrokeredToken> {
  const { inquiries, writer, entryRefresh, now, elapsed } = options

  return async (request) => {
    const inquiry = await inquiries.begin(request)
    try {
      options.guard.check(inquiry.attempt)
      return await answer(await inquiries.withEntry(inquiry))
    } catch (error) {
      throw error instanceof BrokerError ? error.about(inquiry.entryKey) : error
    }
  }

  async function answer(inquiry: Inquiry): Promise<BrokeredToken> {
    const opened = await options.credentialCheck(inquiry)
    if (!opened) {
      const { waitUntil } = inquiry
      return byPassword(inquiry, { action: 'retrieved new token', wasAccepted: false, waitUntil })
    }
    const { waitUntil } = inquiry
    if (isSuspect(inquiry, opened)) {
      return byPassword(inquiry, { action: 'retrieved new token', wasAccepted: true, waitUntil })
    }
    const held = heldOf(opened)
    if (!held) return again(inquiry, opened, 'retrieved new token to replace expired token')
    if (isToBeVerified(opened, 1)) {
      return orHeld(inquiry, held, () => again(inquiry, opened, 'retrieved new token'))
    }
    return isStale(inquiry, held) ? orHeld(inquiry, held, () => refresh(inquiry, held)) : serve(inquiry, held)
  }

  async function byPassword(inquiry: Inquiry, how: GrantOptions, held?: Held): Promise<BrokeredToken> {
    const brokered = await options.passwordGrant(inquiry, how)
    // Another instance has asked meanwhile, and may have stored what it got.
    if (brokered === 'ended') return answer(await inquiries.withEntry(inquiry))
    if (brokered !== 'busy') return brokered
    const busy = new BrokerError('temporarily_unavailable', { logDetail: 'another instance signs in' })
    if (!held) throw busy
    return { ...(await serve(inquiry, held)), notRenewed: busy }
  }

  /** The password that was accepted before, once more. */
  async function again(inquiry: Inquiry, opened: OpenedEntry, action: TokenAction): Promise<BrokeredToken> {
    const held = heldOf(opened)
    const isHeldEnough = held && freshnessOf(held.token, now(), inquiry.request.minValidInMs) === 'fresh'
    const waitUntil = isHeldEnough ? elapsed() : inquiry.waitUntil
    try {
      return await byPassword(inquiry, { action, wasAccepted: true, waitUntil }, held)
    } catch (error) {
      if (!isLocked(error) || isToBeVerified(opened, 2) || (held && !isStale(inquiry, held))) throw error
      return refreshWhileLocked(inquiry, opened, error)
    }
  }

  /** Whoever locks an account must not keep its owner out as well: the refresh token goes on for a while. */
  async function refreshWhileLocked(inquiry: Inquiry, opened: OpenedEntry, locked: BrokerError) {
    const outcome = await attemptRefresh(inquiry, opened)
    if (outcome.kind !== 'refreshed') {
      const isDead = outcome.kind === 'failed' && outcome.failure.category === 'dead_grant'
      // Nothing in it is worth anything any more, and it would be presented again at each request.
      if (isDead && outcome.etag !== undefined && !heldOf(opened)) {
        await writer.forget(inquiry.entryKey, outcome.etag).catch(() => false)
      }
      throw locked
    }
    return acquired(inquiry, outcome, 'refreshed existing token', opened.entry.verifiedOnTimestamp)
  }

  function attemptRefresh({ entryKey, profile, request }: Inquiry, stored: OpenedEntry) {
    const { correlationId } = request
    return entryRefresh.refresh(entryKey, stored, profile, {
      lastUsedTimestamp: now(),
      correlationId,
      mustLease: false,
    })
  }

  function heldOf(stored: OpenedEntry): Held | undefined {
    const token = options.cachedTokenOf(stored.entry.serializedCache)
    return token && freshnessOf(token, now(), 0) === 'fresh' ? { stored, token } : undefined
  }

  function isToBeVerified({ entry }: OpenedEntry, times: number): boolean {
    return now() - entry.verifiedOnTimestamp >= times * options.passwordMaxAgeInMs
  }

  /** Refused under another profile since this one accepted it. */
  function isSuspect({ attempt }: Inquiry, { entry }: OpenedEntry): boolean {
    return options.guard.wasRefusedSince(attempt, entry.verifiedOnTimestamp)
  }

  function isStale({ request }: Inquiry, { token }: Held): boolean {
    return fitnessOf(token, request, now(), options.refreshThresholdInMs) === 'stale'
  }

  async function serve(inquiry: Inquiry, held: Held): Promise<BrokeredToken> {
    await writer.noteUse(inquiry.entryKey, held.stored, held.token, now())
    return existing(inquiry, held)
  }

  /** A passing failure costs the caller nothing while the token that is held lives. */
  async function orHeld(
    inquiry: Inquiry,
    held: Held,
    acquire: () => Promise<BrokeredToken>,
  ): Promise<BrokeredToken> {
    try {
      return await acquire()
    } catch (error) {
      if (!isPassing(error) || freshnessOf(held.token, now(), 0) === 'expired') throw error
      await writer.noteUse(inquiry.entryKey, held.stored, held.token, now())
      return notRenewed(inquiry, held, error)
    }
  }

  async function refresh(inquiry: Inquiry, held: Held, isSecondTry = false): Promise<BrokeredToken> {
    const outcome = await attemptRefresh(inquiry, held.stored)
    if (outcome.kind === 'refreshed') {
      return acquired(inquiry, outcome, 'refreshed existing token', held.stored.entry.verifiedOnTimestamp)
    }
    if (outcome.kind === 'busy') return afterOther(inquiry, held, isSecondTry)
    const { failure, etag } = outcome
    if (failure.category !== 'dead_grant') throw brokerErrorOf(failure, inquiry.request.correlationId)
    const stored = etag === undefined ? undefined : { ...held.stored, etag }
    const { waitUntil } = inquiry
    return byPassword({ ...inquiry, stored }, { action: 'retrieved new token', wasAccepted: true, waitUntil })
  }

  /** What another instance has stored is checked as at first: password and profile may have changed with it. */
  async function afterOther(inquiry: Inquiry, before: Held, isLastTry: boolean): Promise<BrokeredToken> {
    const stored = await entryRefresh.waitForOther(inquiry.entryKey)
    const reread = { ...inquiry, stored }
    const opened = stored && (await options.credentialCheck(reread))
    if (stored?.entry && !opened) {
      const { waitUntil } = inquiry
      return byPassword(reread, { action: 'retrieved new token', wasAccepted: false, waitUntil })
    }
    const held = opened && heldOf(opened)
    if (held && !isStale(inquiry, held)) return serve(reread, held)
    // It was no refresh: somebody noted a use, or failed.
    if (held && !isLastTry) return refresh(reread, held, true)
    const logDetail = 'another instance has not finished'
    const reason = new BrokerError('temporarily_unavailable', { logDetail })
    return notRenewed(inquiry, held ?? before, reason)
  }
}

function isLocked(error: unknown): error is BrokerError {
  return error instanceof BrokerError && error.code === 'account_locked'
}

/** A locked account passes too: whoever locked it must not take the token from its owner. */
function isPassing(error: unknown): error is BrokerError {
  return error instanceof BrokerError && (error.code === 'temporarily_unavailable' || isLocked(error))
}
