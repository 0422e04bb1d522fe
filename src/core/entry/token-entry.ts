/** What is kept of one user of one client profile, or of one connection. Never the password. */
export type TokenEntry = PasswordEntry | ConnectionEntry

interface AcquiredTokens {
  /** The client profile's name. */
  readonly client: string
  /** {@link ClientProfile.fingerprint} under which the tokens were acquired. */
  readonly fingerprint: string
  /** When Entra ID was sent what it accepted, a password or a person's sign-in; epoch milliseconds. */
  readonly verifiedOnTimestamp: number
  /** MSAL's serialized cache. */
  readonly serializedCache: string
}

/** Its refresh token goes on for as long as the password is believed; then the password is sent again. */
export interface PasswordEntry extends AcquiredTokens {
  readonly renewal: 'password'
  /** Salted scrypt of the password that Entra ID accepted. */
  readonly passwordVerifier: string
  /** {@link checkOf} that password. */
  readonly passwordCheck: string
}

/**
 * Nothing a caller sends can acquire it anew.
 * - `refresh_token`: a person signed in; when the refresh token dies, a person must again.
 * - `ask_again`: an application's own token, which the client's credential always gets.
 */
export interface ConnectionEntry extends AcquiredTokens {
  readonly renewal: 'refresh_token' | 'ask_again'
  /** {@link ClientProfile.clientFingerprint} under which the tokens were acquired. */
  readonly clientFingerprint: string
}

/** A refresh token that Entra ID will not take any more. Without a person it only can be asked whether that is still so. */
export interface DeadGrant {
  /** When that was first seen; epoch milliseconds. */
  readonly sinceTimestamp: number
  /** When it was last asked; epoch milliseconds. */
  readonly triedOnTimestamp: number
  /** The number behind `AADSTS`; 0 when there was none. */
  readonly aadsts: number
}

/** What is known of an entry without opening it. */
export interface EntryMarks {
  /** Of a connection alone; writing the entry ends it. */
  readonly dead?: DeadGrant | undefined
  /** When a caller last got a token of it, to the hour; epoch milliseconds. */
  readonly lastUsedTimestamp: number
  /** Until when one instance alone may refresh it; epoch milliseconds, 0 for nobody. */
  readonly leasedUntilTimestamp: number
  /** Refreshes that failed in a row. */
  readonly failures: number
}

export interface StoredTokenEntry extends EntryMarks {
  /** `undefined`: the row is there and cannot be opened. */
  readonly entry: TokenEntry | undefined
  /** Without an entry: whether a key that cannot be had now may open it later. */
  readonly mayOpenLater?: boolean
  readonly etag: string
}

/** Longer than any lease is a clock that was wrong. Twice: two instances' clocks may differ. */
export function isLeased({ leasedUntilTimestamp }: EntryMarks, now: number, leaseInMs: number): boolean {
  return leasedUntilTimestamp > now && leasedUntilTimestamp <= now + 2 * leaseInMs
}

/** An entry that could be opened. */
export type OpenedEntry<E extends TokenEntry = TokenEntry> = StoredTokenEntry & { readonly entry: E }
