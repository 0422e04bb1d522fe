/** A note that an entry wants attention at a time. A hint, not the truth: whoever follows it looks at the entry. */
export interface DueHint {
  readonly entryKey: string
  /** Epoch milliseconds. */
  readonly dueTimestamp: number
}

/** Hints in order of time, so that finding what is due costs what is due and not what is stored. */
export interface DueIndex {
  /** Adding a hint twice is adding it once. */
  add(hint: DueHint): Promise<void>
  /** Removing an absent hint is no error. */
  remove(hint: DueHint): Promise<void>
  /** All hints due before the time, the oldest first. */
  dueBefore(timestamp: number): Promise<DueHint[]>
}
