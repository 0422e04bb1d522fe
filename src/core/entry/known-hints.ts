import { LRUCache } from 'lru-cache'
import type { DueIndex } from './due-index.ts'

const MAX_KNOWN = 10_000

/**
 * The same index, which this process does not tell again what it has told already: each use of an entry would otherwise cost a
 * write, to say nothing new. Another process takes a hint away only when the entry has another due time, or is gone.
 */
export function withKnownHints(dueIndex: DueIndex): DueIndex {
  /** The due time that was told last, by the entry's key. */
  const known = new LRUCache<string, number>({ max: MAX_KNOWN })
  return {
    async add(hint) {
      if (known.get(hint.entryKey) === hint.dueTimestamp) return
      await dueIndex.add(hint)
      known.set(hint.entryKey, hint.dueTimestamp)
    },
    async remove(hint) {
      if (known.get(hint.entryKey) === hint.dueTimestamp) known.delete(hint.entryKey)
      await dueIndex.remove(hint)
    },
    dueBefore: (timestamp) => dueIndex.dueBefore(timestamp),
  }
}
