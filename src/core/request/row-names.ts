import type { Attempt } from './lockout-guard.ts'

/** Names rows by keyed digests, the same in every process. Rejects with a `BrokerError` while the key cannot be had. */
export interface RowNames {
  /** Of the entry of a user of a client profile. */
  readonly resolveEntryKey: (client: string, username: string) => Promise<string>
  /** Of the user's row of refused passwords, over all profiles of the authority, and of one password in it. */
  readonly resolveAttempt: (
    authority: string,
    username: string,
    password: string,
  ) => Promise<Pick<Attempt, 'rowKey' | 'digest'>>
}
