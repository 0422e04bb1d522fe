import { LRUCache } from 'lru-cache'
import { serial } from '../serial.ts'
import { isSpent, NO_REFUSALS, type Refusals } from './refusals.ts'
import type { RefusalStore } from './refusal-store.ts'

const MAX_KNOWN = 10_000
/** Each round one writer wins; after so many rounds something else is wrong. */
const MAX_ROUNDS = 12
/** How long a table that failed twice is left alone. */
const DOWN_FOR_IN_MS = 10_000

/** A row as this process knows it. */
export interface KnownRow {
  readonly refusals: Refusals
  /** Of the row in the table; `undefined`: it is not there as far as is known. */
  readonly etag: string | undefined
  /** When it was read or written, by the process's own clock. */
  readonly knownSince: number
  /** False: the table failed, and this process alone knows it. */
  readonly isShared: boolean
}

/** What a change makes of a row: the new refusals, or `undefined` to leave it as it is. */
export type RowChange<T> = (row: KnownRow) => { readonly refusals: Refusals | undefined; readonly result: T }

export interface RefusalRows {
  /** What this process knows without asking. */
  known(key: string): KnownRow | undefined
  /** Reads the row. When the table is down, what this process knows. Never rejects. */
  read(key: string): Promise<KnownRow>
  /** Forgets what is known of the user, here and in the table. Rejects when the table fails. */
  forget(key: string): Promise<void>
  /**
   * Applies the change to the row, again and again while other writers get in between. When the table is down the change is
   * kept in this process, and written with the next change when the table is back. Never rejects.
   *
   * @param isOwn whether a row holds this change already: an SDK that lost the answer writes twice, and meets itself.
   * @returns `undefined` when other writers were faster every time.
   */
  change<T>(
    key: string,
    change: RowChange<T>,
    isOwn?: (refusals: Refusals) => boolean,
  ): Promise<{ readonly row: KnownRow; readonly result: T } | undefined>
}

export interface RefusalRowsOptions {
  readonly store: RefusalStore
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}

/** The rows of the refusal store with what this process knows of them in front. One change of a row at a time. */
export function createRefusalRows({ store, now, elapsed }: RefusalRowsOptions): RefusalRows {
  const rows = new LRUCache<string, KnownRow>({ max: MAX_KNOWN })
  const oneAtATime = serial()
  let downUntil = -Infinity

  function keep(key: string, refusals: Refusals, etag: string | undefined, isShared: boolean): KnownRow {
    const row = { refusals, etag, knownSince: elapsed(), isShared }
    rows.set(key, row)
    return row
  }

  /** What was only known here goes into the row that was read. */
  function merged(key: string, read: Refusals): Refusals {
    const unshared = rows.get(key)
    if (!unshared || unshared.isShared) return read
    const ids = new Set(read.tries.map(({ id }) => id))
    const more = unshared.refusals.tries.filter(({ id }) => !ids.has(id))
    const lockedUntilTimestamp = Math.max(read.lockedUntilTimestamp, unshared.refusals.lockedUntilTimestamp)
    if (more.length === 0 && lockedUntilTimestamp === read.lockedUntilTimestamp) return read
    return { ...read, tries: [...read.tries, ...more], lockedUntilTimestamp }
  }

  async function readRow(key: string): Promise<KnownRow> {
    for (let round = 0; ; round++) {
      const stored = await store.read(key)
      const read = stored?.refusals ?? NO_REFUSALS
      const all = merged(key, read)
      if (all === read) return keep(key, read, stored?.etag, true)
      const written = await writeRow(key, all, stored?.etag)
      if (written) return written
      if (round >= MAX_ROUNDS) return keep(key, all, stored?.etag, false)
    }
  }

  /** @returns the row as written, `undefined` when it was changed by somebody else. */
  async function writeRow(key: string, refusals: Refusals, etag: string | undefined) {
    if (isSpent(refusals, now())) {
      if (etag !== undefined && !(await store.remove(key, etag))) return undefined
      return keep(key, refusals, undefined, true)
    }
    const written = await store.write(key, refusals, etag)
    return written === undefined ? undefined : keep(key, refusals, written, true)
  }

  /** One time-out is no outage: the table is asked twice. */
  async function twice<T>(ask: (isAgain: boolean) => Promise<T>): Promise<T | 'down'> {
    if (elapsed() < downUntil) return 'down'
    try {
      return await ask(false).catch(() => ask(true))
    } catch {
      downUntil = elapsed() + DOWN_FOR_IN_MS
      return 'down'
    }
  }

  function unshared(key: string): KnownRow {
    const row = rows.get(key)
    return keep(key, row?.refusals ?? NO_REFUSALS, row?.etag, false)
  }

  async function changed<T>(
    key: string,
    change: RowChange<T>,
    isOwn: (refusals: Refusals) => boolean,
  ): Promise<{ row: KnownRow; result: T } | undefined> {
    let row = rows.get(key) ?? {
      refusals: NO_REFUSALS,
      etag: undefined,
      knownSince: -Infinity,
      isShared: true,
    }
    if (!row.isShared) {
      const read = await twice(() => readRow(key))
      row = read === 'down' ? unshared(key) : read
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const current: KnownRow = row
      const { refusals, result } = change(current)
      if (!refusals) return { row: current, result }
      const written = current.isShared
        ? await twice(async (isAgain) => {
            if (!isAgain) return writeRow(key, refusals, current.etag)
            const read = await readRow(key)
            return isOwn(read.refusals) ? read : writeRow(key, refusals, current.etag)
          })
        : 'down'
      if (written === 'down') {
        if (!current.isShared) return { row: keep(key, refusals, current.etag, false), result }
        row = unshared(key)
        continue
      }
      if (written) return { row: written, result }
      const read = await twice(() => readRow(key))
      if (read === 'down') row = unshared(key)
      else if (isOwn(read.refusals)) return { row: read, result }
      else row = read
    }
    return undefined
  }

  return {
    known: (key) => rows.get(key),
    async read(key) {
      const read = await twice(() => readRow(key))
      return read === 'down' ? unshared(key) : read
    },
    forget: (key) =>
      oneAtATime(key, async () => {
        rows.delete(key)
        const stored = await store.read(key)
        if (stored) await store.remove(key, stored.etag)
      }),
    change: (key, change, isOwn = () => false) => oneAtATime(key, () => changed(key, change, isOwn)),
  }
}
