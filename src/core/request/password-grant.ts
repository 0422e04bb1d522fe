import { BrokerError } from '../broker-error.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { IdentityProvider } from '../provider/identity-provider.ts'
import type { Pauses } from '../provider/pauses.ts'
import { brokerErrorOf, IdentityProviderError, type ProviderFailure } from '../provider/provider-failure.ts'
import type { BrokeredToken, TokenAction } from './brokered-token.ts'
import type { Callers } from './callers.ts'
import { acquired, type Inquiry } from './inquiry.ts'
import type { LockoutGuard } from './lockout-guard.ts'
import { checkOf } from './password-check.ts'
import type { QueuedVerifiers } from './password-verifiers.ts'

export interface PasswordGrantOptions {
  readonly writer: EntryWriter
  readonly identityProvider: IdentityProvider
  readonly pauses: Pauses
  readonly guard: LockoutGuard
  readonly callers: Callers
  readonly verifiers: QueuedVerifiers
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** How the password stands to what is stored. */
export interface GrantOptions {
  readonly action: TokenAction
  /** It was accepted before. If it is refused now, it was changed: the entry is forgotten. */
  readonly wasAccepted: boolean
  /** How long to wait for another instance that asks with the same password, by the process's own clock. */
  readonly waitUntil: number
}

/**
 * Signs a user in with the password, if the guard has a place for it.
 *
 * @returns `ended` when another instance has asked with the same password meanwhile: the store may have the token; `busy` when
 * it is at it, and the time to wait is up.
 * @throws {BrokerError}
 */
export type PasswordGrant = (
  inquiry: Inquiry,
  options: GrantOptions,
) => Promise<BrokeredToken | 'ended' | 'busy'>

export function createPasswordGrant(options: PasswordGrantOptions): PasswordGrant {
  const { writer, identityProvider, pauses, guard, callers, verifiers, now } = options

  async function ask(inquiry: Inquiry, verifiedOnTimestamp: number) {
    const { request, profile, entryKey, attempt, stored } = inquiry
    const persist = writer.persistAccepted(entryKey, stored?.etag, async (serializedCache) => ({
      renewal: 'password',
      client: profile.name,
      fingerprint: profile.fingerprint,
      verifiedOnTimestamp,
      passwordVerifier: await verifiers.create(request.password),
      passwordCheck: checkOf(attempt.digest),
      serializedCache,
    }))
    return pauses.run({ profile, entryKey }, () =>
      identityProvider.acquireByPassword(profile, request, persist, request.correlationId),
    )
  }

  async function grant(inquiry: Inquiry, { action, wasAccepted, waitUntil }: GrantOptions) {
    const { request, profile, entryKey, attempt } = inquiry
    const { caller, correlationId } = request
    if (!wasAccepted) callers.check(caller)
    const held = pauses.heldBack({ profile, entryKey })
    if (held) throw brokerErrorOf(held, correlationId)
    const admission = await guard.admit(attempt, { hasPlace: wasAccepted, waitUntil })
    if (admission.kind !== 'admitted') return admission.kind
    // Not when it was accepted: a slow answer to an old password must not retire a new one.
    const sentOnTimestamp = now()
    try {
      const outcome = await ask(inquiry, sentOnTimestamp)
      // The entry is written by now: who waited for this password finds it.
      await admission.settle('accepted')
      callers.note(caller, attempt.rowKey, true)
      const warnings = [...inquiry.warnings, ...admission.warnings]
      return acquired({ ...inquiry, warnings }, outcome, action, sentOnTimestamp)
    } catch (error) {
      const failure = error instanceof IdentityProviderError ? error.failure : UNFORESEEN
      const heldInMs = await admission.settle(failure)
      if (failure.category === 'invalid_credentials') callers.note(caller, attempt.rowKey, false)
      if (!(error instanceof IdentityProviderError)) throw error
      throw brokerErrorOf({ ...failure, retryAfterInMs: heldInMs ?? failure.retryAfterInMs }, correlationId)
    }
  }

  return async (inquiry, how) => {
    try {
      return await grant(inquiry, how)
    } catch (error) {
      const isRefused = error instanceof BrokerError && error.code === 'invalid_credentials'
      if (isRefused && how.wasAccepted && inquiry.stored) {
        await writer.forget(inquiry.entryKey, inquiry.stored.etag).catch(() => false)
      }
      throw error
    }
  }
}

/** A fault of our own: the password may have been sent. */
const UNFORESEEN: ProviderFailure = {
  category: 'temporarily_unavailable',
  scope: 'account',
  judgement: 'unknown',
  isHeldBack: false,
  detail: 'unforeseen',
}
