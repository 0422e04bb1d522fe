import type { AccessToken } from '../access-token.ts'
import type { Credentials } from '../provider/identity-provider.ts'
import type { Warning } from '../warning.ts'

export interface TokenRequest extends Credentials {
  readonly client: string
  /** The caller needs at least this much of the token's life. */
  readonly minValidInMs: number
  /** GUID that Entra ID's sign-in log shows. */
  readonly correlationId: string
}

/** The predecessor's words, kept exactly. */
export type TokenAction =
  | 'retrieved new token'
  | 'refreshed existing token'
  | 'returned existing token'
  | 'retrieved new token to replace expired token'

export interface BrokeredToken {
  readonly token: AccessToken
  readonly action: TokenAction
  readonly source: 'memory' | 'store' | 'identity_provider'
  readonly warnings: readonly Warning[]
  /** The id that Entra ID knows the acquisition by: that of the request which others may have joined. */
  readonly correlationId?: string | undefined
  /** Keyed hash that names the user of the profile. */
  readonly entryKey: string
}

/** Entra ID does not tell user names apart by case. */
export function userOf({ username }: Credentials): string {
  return username.toLowerCase()
}
