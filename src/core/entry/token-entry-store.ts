import type { EntryMarks, StoredTokenEntry, TokenEntry } from './token-entry.ts'

export interface EntryPage {
  readonly entries: readonly (StoredTokenEntry & { readonly key: string })[]
  /** Where the next page begins; `undefined` after the last. */
  readonly next: string | undefined
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
  /**
   * Entries in an order of the store's own.
   *
   * @param next of the page before; anything else may be answered with any page.
   */
  list(pageSize: number, next?: string): Promise<EntryPage>
}

/** The sealed entry is over the store's limit; nothing was written. */
export class EntryTooLargeError extends Error {
  override readonly name = 'EntryTooLargeError'
  constructor(sizeInBytes: number, limitInBytes: number) {
    super(`the sealed entry has ${sizeInBytes} bytes, the limit is ${limitInBytes}`)
  }
}
