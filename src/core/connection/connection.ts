import type { ConnectionGrant } from '../client-profile.ts'

/** A secret of the broker's own, behind which stands an account or an application that was connected once. */
export interface Connection {
  /** Random, of 128 bits, base64url: it names the entry, so that a connection that is made anew under a name finds nothing of the old one. */
  readonly id: string
  /** The client profile's name. */
  readonly client: string
  readonly grant: ConnectionGrant
  /** The account that is to sign in; for a grant without a person, the name that flows may go on sending. */
  readonly username?: string | undefined
  /** Whom to ask, in the words of who made it. */
  readonly owner?: string | undefined
  /** The secret that holds first, then the one before it. */
  readonly secrets: readonly ConnectionSecret[]
  /** Who signed in first: a reconnect must be the same. */
  readonly pinned?: PinnedAccount | undefined
  /** Epoch milliseconds. */
  readonly createdOnTimestamp: number
}

export interface ConnectionSecret {
  /** SHA-256. A secret is 256 random bits: nothing slower is needed. */
  readonly digest: string
  /** Names the row that leads from the secret to the connection. */
  readonly linkKey: string
  /** Epoch milliseconds; absent: it holds until another one is made. */
  readonly endTimestamp?: number | undefined
}

export interface PinnedAccount {
  readonly tenantId: string
  readonly objectId: string
}

export interface NamedConnection extends Connection {
  readonly name: string
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** A user name that has this form is no account: those have an `@`. */
export function isConnectionName(text: string): boolean {
  return NAME.test(text)
}

/** Secrets that a request may still be sent with. */
export function secretsAt({ secrets }: Connection, now: number): readonly ConnectionSecret[] {
  return secrets.filter(({ endTimestamp = Infinity }) => now < endTimestamp)
}

/**
 * Whether a request may call the connection by this name: its own, or that of the account that the flow held before. Without an
 * account any will do but another connection's: the secret is what counts.
 */
export function isCalled({ name, username }: NamedConnection, calledBy: string): boolean {
  const called = calledBy.toLowerCase()
  if (called === name) return true
  return username === undefined ? !isConnectionName(called) : called === username.toLowerCase()
}
