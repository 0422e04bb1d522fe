import type { AccessToken } from '../access-token.ts'
import type { BrokerError } from '../broker-error.ts'
import type { Warning } from '../warning.ts'
import type { TokenRequest } from './token-request.ts'

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
  /** When the password that it was given for was sent to the identity provider, which accepted it; epoch milliseconds. */
  readonly verifiedOnTimestamp: number
  /** The id that Entra ID knows the acquisition by: that of the request which others may have joined. */
  readonly correlationId?: string | undefined
  /** Keyed hash that names the user of the profile; the id of a connection. */
  readonly entryKey: string
  /** The name of the connection that it is a token of. */
  readonly connection?: string | undefined
  /** Why it is not a newer one, although that was wanted: the answer to a request that it does not live long enough for. */
  readonly notRenewed?: BrokerError
}

/** A usable token for a user name and a password, or for a connection and its secret. @throws {BrokerError} */
export type TokenSource = (request: TokenRequest) => Promise<BrokeredToken>
