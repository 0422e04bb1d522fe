import type { Refusals } from './refusals.ts'

export interface StoredRefusals {
  /** `undefined`: the row is there and cannot be opened, which is as good as none. */
  readonly refusals: Refusals | undefined
  readonly etag: string
}

/** Keeps refusals sealed, one row a user of an authority. Every method rejects with the store's own error when the store fails. */
export interface RefusalStore {
  /** @returns `undefined` when there is no such row. */
  read(key: string): Promise<StoredRefusals | undefined>
  /**
   * @param etag of the row that was read; `undefined` means "must not exist".
   * @returns the new etag, or `undefined`, leaving the row untouched, when it is not the one that was read.
   */
  write(key: string, refusals: Refusals, etag: string | undefined): Promise<string | undefined>
  /** @returns false, leaving the row untouched, when it changed since `etag` was read. An absent row is removed. */
  remove(key: string, etag: string): Promise<boolean>
  /** Removes rows that nobody wrote to since. @returns how many. */
  prune(beforeTimestamp: number): Promise<number>
}
