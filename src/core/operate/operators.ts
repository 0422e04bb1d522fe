import { dueTimestampOf, type AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfiles } from '../client-profile.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { StoredTokenEntry, TokenEntry } from '../entry/token-entry.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { faultDetailOf } from '../fault-detail.ts'
import type { GuardStatus, LockoutGuard } from '../request/lockout-guard.ts'
import type { RowNames } from '../request/row-names.ts'
import type { TokenMemory } from '../request/token-memory.ts'
import { userOf } from '../request/token-request.ts'

/** What an operator sees of an entry: no user name, no token. Times are epoch milliseconds. */
export interface EntryView {
  readonly userHash: string
  /** Absent when the row cannot be opened. */
  readonly client?: string | undefined
  readonly expiresOnTimestamp?: number | undefined
  readonly dueTimestamp?: number | undefined
  readonly renewal?: TokenEntry['renewal'] | undefined
  /** When its password was accepted, or a person signed in. */
  readonly verifiedOnTimestamp?: number | undefined
  readonly lastUsedTimestamp: number
  /** Refreshes that failed in a row. */
  readonly failures: number
}

export interface UserView {
  readonly userHash: string
  readonly entry: EntryView | undefined
  readonly guard: GuardStatus
}

/** What operators do. All methods throw {@link BrokerError}; when the store fails, `temporarily_unavailable`. */
export interface Operators {
  list(pageSize: number, next?: string): Promise<{ entries: readonly EntryView[]; next: string | undefined }>
  /** The entry of a user and its name, so that a log can be searched; also when there is no entry. */
  find(client: string, username: string): Promise<UserView>
  /** Forgets the user's tokens and refused passwords: here at once, in other instances within five minutes. */
  forgetUser(client: string, username: string): Promise<{ userHash: string; isFound: boolean }>
  /** @returns false when there is no such entry. */
  forget(userHash: string): Promise<boolean>
  /** Of connections none. @returns how many entries of the profile there were. */
  forgetClient(client: string): Promise<number>
}

export interface OperatorsOptions extends RowNames {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly writer: EntryWriter
  readonly memory: TokenMemory
  readonly guard: LockoutGuard
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  readonly refreshThresholdInMs: number
}

const PAGE_SIZE = 200
/** Between the read and the removal somebody may have written. */
const FORGET_ATTEMPTS = 4

export function createOperators(options: OperatorsOptions): Operators {
  const { store, writer, memory, guard } = options

  function viewOf(userHash: string, stored: StoredTokenEntry): EntryView {
    const { entry, lastUsedTimestamp, failures } = stored
    const token = entry && options.cachedTokenOf(entry.serializedCache)
    return {
      userHash,
      lastUsedTimestamp,
      failures,
      ...(entry && {
        client: entry.client,
        renewal: entry.renewal,
        verifiedOnTimestamp: entry.verifiedOnTimestamp,
      }),
      ...(token && {
        expiresOnTimestamp: token.expiresOnTimestamp,
        dueTimestamp: dueTimestampOf(token, options.refreshThresholdInMs),
      }),
    }
  }

  async function namesOf(client: string, username: string) {
    const profile = await options.profiles.get(client)
    const user = userOf({ username })
    const [userHash, { rowKey }] = await Promise.all([
      options.resolveEntryKey(client, user),
      options.resolveAttempt(profile.authority, user, ''),
    ])
    return { userHash, rowKey }
  }

  async function forget(userHash: string): Promise<boolean> {
    memory.forget(userHash)
    for (let attempt = 0; attempt < FORGET_ATTEMPTS; attempt++) {
      const stored = await answered(store.read(userHash))
      if (!stored) return attempt > 0
      if (await answered(writer.forget(userHash, stored.etag))) return true
    }
    throw new BrokerError('temporarily_unavailable', { logDetail: 'the entry is being written' })
  }

  return {
    async list(pageSize, next) {
      const page = await answered(store.list(pageSize, next))
      return { entries: page.entries.map((stored) => viewOf(stored.key, stored)), next: page.next }
    },

    async find(client, username) {
      const { userHash, rowKey } = await namesOf(client, username)
      const [stored, status] = await Promise.all([answered(store.read(userHash)), guard.statusOf(rowKey)])
      return { userHash, entry: stored && viewOf(userHash, stored), guard: status }
    },

    async forgetUser(client, username) {
      const { userHash, rowKey } = await namesOf(client, username)
      await answered(guard.forget(rowKey))
      return { userHash, isFound: await forget(userHash) }
    },

    forget,

    async forgetClient(client) {
      let forgotten = 0
      let next: string | undefined
      do {
        const page = await answered(store.list(PAGE_SIZE, next))
        for (const { key, entry } of page.entries) {
          // What a person gave goes with its connection alone.
          const isOfUser = entry?.client === client && entry.renewal === 'password'
          if (isOfUser && (await forget(key))) forgotten++
        }
        next = page.next
      } while (next !== undefined)
      return forgotten
    },
  }
}

/** @throws {BrokerError} `temporarily_unavailable` for the store's failure. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof BrokerError) throw error
    const logDetail = faultDetailOf(error)
    throw new BrokerError('temporarily_unavailable', { logDetail, cause: error })
  }
}
