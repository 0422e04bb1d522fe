import type { Connection, NamedConnection } from './connection.ts'

export interface StoredConnection {
  readonly name: string
  /** `undefined`: the row is there and cannot be opened. */
  readonly connection: Connection | undefined
  /** Without a connection: whether a key that cannot be had now may open it later. */
  readonly mayOpenLater?: boolean
  readonly etag: string
}

export interface ConnectionPage {
  readonly connections: readonly StoredConnection[]
  /** Where the next page begins; `undefined` after the last. */
  readonly next: string | undefined
}

/** Keeps connections sealed, by their names. Every method rejects with the store's own error when the store fails. */
export interface ConnectionStore {
  read(name: string): Promise<StoredConnection | undefined>
  /**
   * @param etag of the connection that was read; `undefined` means "must not exist".
   * @returns the new etag, or `undefined`, leaving it untouched, when it is not the one that was read.
   */
  write(connection: NamedConnection, etag: string | undefined): Promise<string | undefined>
  /** @returns false, leaving it untouched, when it changed since `etag` was read. An absent one is removed. */
  remove(name: string, etag: string): Promise<boolean>
  list(pageSize: number, next?: string): Promise<ConnectionPage>
  /** The name that a secret, or an id, leads to. A hint: what the connection itself says counts. */
  nameOf(key: string): Promise<string | undefined>
  /** Goes before the connection is written. Doing it twice is doing it once. */
  link(key: string, name: string): Promise<void>
  /** An absent link is no error. */
  unlink(key: string): Promise<void>
  /** Seals anew what is sealed under an older key. @returns how many there were. */
  reseal(): Promise<number>
}
