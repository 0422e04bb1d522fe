/** What is kept of one user of one client profile. Never the password. */
export interface TokenEntry {
  /** The client profile's name. */
  readonly client: string
  /** {@link ClientProfile.fingerprint} under which the tokens were acquired. */
  readonly fingerprint: string
  /** Salted scrypt of the password that Entra ID accepted. */
  readonly passwordVerifier: string
  /** {@link checkOf} that password. */
  readonly passwordCheck: string
  /** When that password was sent to Entra ID, which accepted it; epoch milliseconds. */
  readonly verifiedOnTimestamp: number
  /** MSAL's serialized cache. */
  readonly serializedCache: string
}

/** What is known of an entry without opening it. */
export interface EntryMarks {
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
export type OpenedEntry = StoredTokenEntry & { readonly entry: TokenEntry }
