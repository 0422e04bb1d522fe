import type { NamedConnection } from '../src/core/connection/connection.ts'
import type { DueHint } from '../src/core/entry/due-index.ts'
import type { EntryMarks, TokenEntry } from '../src/core/entry/token-entry.ts'
import type { HintChunk } from '../src/core/pre-refresh/chunk-queue.ts'
import type { Refusals } from '../src/core/request/refusals.ts'

/** A row, sealed with a version of the key. */
export type Row = EntryMarks & {
  readonly entry: TokenEntry
  readonly keyVersion: number
  readonly etag: string
}

/** A row of refused passwords, sealed likewise. */
export interface RefusalRow {
  readonly refusals: Refusals
  readonly keyVersion: number
  readonly etag: string
  readonly writtenOnTimestamp: number
}

/** A connection's row, sealed likewise. */
export interface ConnectionRow {
  readonly connection: NamedConnection
  readonly keyVersion: number
  readonly etag: string
}

export interface ConnectionRows {
  /** By name. */
  readonly rowOf: (name: string) => ConnectionRow | undefined
  readonly all: () => ConnectionRow[]
  readonly write: (row: Omit<ConnectionRow, 'etag'>, etag: string | undefined) => string | undefined
  readonly remove: (name: string, etag: string) => boolean
  /** What leads to a name. */
  readonly links: Map<string, string>
}

/** Table and queue, as they are: what is lost on the way to them and back is not their affair. */
export interface Storage {
  readonly rowOf: (key: string) => Row | undefined
  readonly write: (key: string, row: Omit<Row, 'etag'>, etag: string | undefined) => string | undefined
  readonly mark: (key: string, marks: Partial<EntryMarks>, etag: string) => string | undefined
  readonly remove: (key: string, etag: string) => boolean
  readonly addHint: (hint: DueHint) => void
  readonly removeHint: (hint: DueHint) => void
  readonly hintsOf: (key: string) => ReadonlySet<number>
  readonly dueBefore: (timestamp: number) => DueHint[]
  readonly refusalsOf: (key: string) => RefusalRow | undefined
  readonly writeRefusals: (
    key: string,
    row: Omit<RefusalRow, 'etag'>,
    etag: string | undefined,
  ) => string | undefined
  readonly removeRefusals: (key: string, etag: string) => boolean
  readonly pruneRefusals: (beforeTimestamp: number) => number
  readonly connections: ConnectionRows
  /** Messages that nobody has worked off. */
  readonly messages: Set<HintChunk>
}

const NONE: ReadonlySet<number> = new Set()

export function createStorage(): Storage {
  const rows = new Map<string, Row>()
  const refusalRows = new Map<string, RefusalRow>()
  const connectionRows = new Map<string, ConnectionRow>()
  const hints = new Map<string, Set<number>>()
  let writes = 0

  function put(key: string, row: Omit<Row, 'etag'>): string {
    const etag = `e${++writes}`
    rows.set(key, { ...row, etag })
    return etag
  }

  return {
    rowOf: (key) => rows.get(key),
    write: (key, row, etag) => (rows.get(key)?.etag === etag ? put(key, row) : undefined),
    mark(key, marks, etag) {
      const row = rows.get(key)
      return row?.etag === etag ? put(key, { ...row, ...marks }) : undefined
    },
    remove(key, etag) {
      const row = rows.get(key)
      if (row && row.etag !== etag) return false
      rows.delete(key)
      return true
    },
    addHint({ entryKey, dueTimestamp }) {
      const own = hints.get(entryKey) ?? new Set()
      hints.set(entryKey, own.add(Math.floor(dueTimestamp)))
    },
    removeHint({ entryKey, dueTimestamp }) {
      hints.get(entryKey)?.delete(Math.floor(dueTimestamp))
    },
    hintsOf: (key) => hints.get(key) ?? NONE,
    dueBefore(timestamp) {
      const due: DueHint[] = []
      for (const [entryKey, own] of hints) {
        for (const dueTimestamp of own) if (dueTimestamp < timestamp) due.push({ entryKey, dueTimestamp })
      }
      return due.toSorted((a, b) => a.dueTimestamp - b.dueTimestamp || (a.entryKey < b.entryKey ? -1 : 1))
    },
    refusalsOf: (key) => refusalRows.get(key),
    writeRefusals(key, row, etag) {
      if (refusalRows.get(key)?.etag !== etag) return undefined
      const written = `f${++writes}`
      refusalRows.set(key, { ...row, etag: written })
      return written
    },
    removeRefusals(key, etag) {
      const row = refusalRows.get(key)
      if (row && row.etag !== etag) return false
      refusalRows.delete(key)
      return true
    },
    pruneRefusals(beforeTimestamp) {
      const old = [...refusalRows].filter(([, row]) => row.writtenOnTimestamp < beforeTimestamp)
      for (const [key] of old) refusalRows.delete(key)
      return old.length
    },
    connections: {
      rowOf: (name) => connectionRows.get(name),
      all: () => [...connectionRows.values()],
      write(row, etag) {
        const { name } = row.connection
        if (connectionRows.get(name)?.etag !== etag) return undefined
        const written = `g${++writes}`
        connectionRows.set(name, { ...row, etag: written })
        return written
      },
      remove(name, etag) {
        const row = connectionRows.get(name)
        if (row && row.etag !== etag) return false
        connectionRows.delete(name)
        return true
      },
      links: new Map(),
    },
    messages: new Set(),
  }
}
