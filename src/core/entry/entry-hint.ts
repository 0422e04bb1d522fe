import { dueTimestampOf, type AccessToken } from '../access-token.ts'
import type { DueIndex } from './due-index.ts'

/**
 * Notes when an entry with this cache is due. Goes before the entry is written. Never rejects: without its hint an entry is as
 * good, and gets one when it is next asked for.
 */
export type AddHint = (key: string, serializedCache: string) => Promise<void>

export function createAddHint(options: {
  readonly dueIndex: DueIndex
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  readonly refreshThresholdInMs: number
}): AddHint {
  return async (key, serializedCache) => {
    const token = options.cachedTokenOf(serializedCache)
    if (!token) return
    const dueTimestamp = dueTimestampOf(token, options.refreshThresholdInMs)
    await options.dueIndex.add({ entryKey: key, dueTimestamp }).catch(() => {})
  }
}
