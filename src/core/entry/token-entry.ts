/** What is kept of one user of one client profile. Never the password. */
export interface TokenEntry {
  /** The client profile's name. */
  readonly client: string
  /** {@link ClientProfile.fingerprint} under which the tokens were acquired. */
  readonly fingerprint: string
  /** Salted scrypt of the password that Entra ID accepted. */
  readonly passwordVerifier: string
  /** When Entra ID accepted it; epoch milliseconds. */
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
  readonly etag: string
}

/** Keeps entries sealed. Every method rejects with the store's own error when the store fails. */
export interface TokenEntryStore {
  /** @returns `undefined` when there is no such entry. */
  read(key: string): Promise<StoredTokenEntry | undefined>
  /**
   * Replaces the entry and clears its lease and its failures.
   *
   * @param etag of the entry that was read; `undefined` means "must not exist".
   * @returns the new etag, or `undefined`, leaving the entry untouched, when it is not the one that was read.
   * @throws {EntryTooLargeError}
   */
  write(
    key: string,
    entry: TokenEntry,
    lastUsedTimestamp: number,
    etag: string | undefined,
  ): Promise<string | undefined>
  /** Changes marks alone. @returns the new etag, or `undefined`, leaving the entry untouched, when it is not the one that was read. */
  mark(key: string, marks: Partial<EntryMarks>, etag: string): Promise<string | undefined>
  /** @returns false, leaving the entry untouched, when it changed since `etag` was read. An absent entry is removed. */
  remove(key: string, etag: string): Promise<boolean>
}

/** The sealed entry is over the store's limit; nothing was written. */
export class EntryTooLargeError extends Error {
  override readonly name = 'EntryTooLargeError'
  constructor(sizeInBytes: number, limitInBytes: number) {
    super(`the sealed entry has ${sizeInBytes} bytes, the limit is ${limitInBytes}`)
  }
}
