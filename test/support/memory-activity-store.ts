import type { ActivityMinute } from '../../src/core/activity/activity-counts.ts'
import type { ActivityStore } from '../../src/core/activity/activity-store.ts'

const HOUR_IN_MS = 3_600_000

/** An activity store in memory, for the contract that the real one must keep too. */
export function createMemoryActivityStore(): ActivityStore {
  const rows = new Map<string, ActivityMinute>()
  return {
    write: async (minute) => void rows.set(`${minute.minuteTimestamp} ${minute.instanceId}`, minute),
    read: async (fromTimestamp) => ({
      minutes: [...rows.values()].filter(({ minuteTimestamp }) => minuteTimestamp >= fromTimestamp),
      isCut: false,
    }),
    async prune(beforeTimestamp) {
      const hourTimestamp = beforeTimestamp - (beforeTimestamp % HOUR_IN_MS)
      const old = [...rows].filter(([, { minuteTimestamp }]) => minuteTimestamp < hourTimestamp)
      for (const [key] of old) rows.delete(key)
      return old.length
    },
  }
}
