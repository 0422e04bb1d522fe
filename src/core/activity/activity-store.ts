import type { ActivityMinute } from './activity-counts.ts'

export interface ActivityReading {
  /** Of all instances, in no order. */
  readonly minutes: readonly ActivityMinute[]
  /** There was more than may be read at once; the oldest is missing. */
  readonly isCut: boolean
}

/** Keeps what the instances counted. Every method rejects with the store's own error when the store fails. */
export interface ActivityStore {
  /** Writing a minute of an instance again replaces it. */
  write(minute: ActivityMinute): Promise<void>
  /** The minutes that began at the time or later; epoch milliseconds. */
  read(fromTimestamp: number): Promise<ActivityReading>
  /** Removes what began before the time; up to an hour of it may stay. @returns how many minutes. */
  prune(beforeTimestamp: number): Promise<number>
}
