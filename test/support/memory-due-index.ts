import type { DueHint, DueIndex } from '../../src/core/entry/due-index.ts'

/** A due index in memory, for the contract that the real one must keep too. */
export function createMemoryDueIndex(): DueIndex {
  const hints = new Map<string, DueHint>()
  const nameOf = ({ entryKey, dueTimestamp }: DueHint) => `${dueTimestamp} ${entryKey}`
  return {
    add: async (hint) => void hints.set(nameOf(hint), hint),
    remove: async (hint) => void hints.delete(nameOf(hint)),
    dueBefore: async (timestamp) =>
      [...hints.values()]
        .filter(({ dueTimestamp }) => dueTimestamp < timestamp)
        .toSorted((a, b) => a.dueTimestamp - b.dueTimestamp),
  }
}
