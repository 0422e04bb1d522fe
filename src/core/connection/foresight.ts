import { surveyConnections, type Concern } from './connection-survey.ts'
import type { Connections } from './connections.ts'

const DAY_IN_MS = 86_400_000
/** Of a tick, which has other things to do as well. */
const MAX_READ = 2000

/** Once a day what somebody must see to, else nothing. Never rejects: what cannot be looked at now is looked at by the next tick. */
export type Foresight = () => Promise<readonly Concern[]>

export function createForesight({
  list,
  now,
  elapsed,
}: {
  readonly list: Connections['list']
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}): Foresight {
  let nextAt = -Infinity
  return async () => {
    if (elapsed() < nextAt) return []
    try {
      const { concerns } = await surveyConnections(list, now(), MAX_READ)
      nextAt = elapsed() + DAY_IN_MS
      return concerns
    } catch {
      return []
    }
  }
}
