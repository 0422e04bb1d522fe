import type { AccessToken } from '../access-token.ts'
import type { BrokerError } from '../broker-error.ts'
import type { ClientProfile } from '../client-profile.ts'
import type { OpenedEntry, StoredTokenEntry } from '../entry/token-entry.ts'
import type { Acquired } from '../provider/identity-provider.ts'
import type { Warning } from '../warning.ts'
import type { BrokeredToken, TokenAction } from './brokered-token.ts'
import type { Attempt } from './lockout-guard.ts'
import type { PasswordRequest } from './token-request.ts'

/** One request on its way, with what was found out for it once. */
export interface Inquiry {
  readonly request: PasswordRequest
  readonly profile: ClientProfile
  readonly entryKey: string
  readonly attempt: Attempt
  /** Until when it may wait for what other instances do, by the process's own clock. */
  readonly waitUntil: number
  /** The row as it was read; its tokens may be another profile's, another password's, or unreadable. */
  readonly stored: StoredTokenEntry | undefined
  readonly warnings: readonly Warning[]
}

/** A stored token that the password of the request may have. */
export interface Held {
  readonly stored: OpenedEntry
  readonly token: AccessToken
}

/** The answer with a stored token. */
export function existing({ entryKey, warnings }: Inquiry, { stored, token }: Held): BrokeredToken {
  const { verifiedOnTimestamp } = stored.entry
  return {
    token,
    action: 'returned existing token',
    source: 'store',
    warnings,
    entryKey,
    verifiedOnTimestamp,
  }
}

/** The answer with a stored token that should have been renewed, and still lives. */
export function notRenewed(inquiry: Inquiry, held: Held, reason: BrokerError): BrokeredToken {
  const warning: Warning = {
    code: 'identity_provider_unavailable',
    detail: reason.details.logDetail,
  }
  return {
    ...existing(inquiry, held),
    warnings: [...inquiry.warnings, warning],
    notRenewed: reason,
  }
}

/** The answer with a token that the identity provider has just given. */
export function acquired(
  { entryKey, warnings, request }: Inquiry,
  { token, stored }: Acquired,
  action: TokenAction,
  verifiedOnTimestamp: number,
): BrokeredToken {
  return {
    token,
    action,
    source: 'identity_provider',
    warnings: stored.kind === 'failed' ? [...warnings, stored.warning] : warnings,
    entryKey,
    verifiedOnTimestamp,
    correlationId: request.correlationId,
  }
}
