import type { Connections } from './connections.ts'
import type { ConnectionState, ConnectionView } from './connection-view.ts'

const DAY_IN_MS = 86_400_000
/** Time enough for a person to find the time. */
const WARNED_BEFORE_MS = 14 * DAY_IN_MS
const PAGE_SIZE = 200

/**
 * What somebody must see to.
 * - `dead`: somebody must sign in again; the flow gets 403 until then.
 * - `dying`: its refresh token ends within 14 days, for nobody uses it.
 * - `never_connected`: it was made a day ago or longer, and nobody has signed in.
 */
export type ConcernKind = 'dead' | 'dying' | 'never_connected'

export interface Concern {
  readonly name: string
  readonly client: string
  readonly kind: ConcernKind
  /** Since when, for one that is dying until when; epoch milliseconds. */
  readonly timestamp: number
  readonly aadsts?: number | undefined
}

export interface ConnectionSurvey {
  /** How many connections were read. */
  readonly read: number
  /** There are more than were read. */
  readonly isCut: boolean
  readonly byState: Readonly<Partial<Record<ConnectionState, number>>>
  /** The dead first. */
  readonly concerns: readonly Concern[]
}

/** @throws {BrokerError} as {@link Connections.list} does. */
export async function surveyConnections(
  list: Connections['list'],
  now: number,
  maxRead: number,
): Promise<ConnectionSurvey> {
  const views: ConnectionView[] = []
  let next: string | undefined
  do {
    const page = await list(Math.min(PAGE_SIZE, maxRead - views.length), next)
    views.push(...page.connections)
    next = page.next
  } while (next !== undefined && views.length < maxRead)
  const byState = Object.groupBy(views, ({ state }) => state)
  const order: readonly ConcernKind[] = ['dead', 'dying', 'never_connected']
  return {
    read: views.length,
    isCut: next !== undefined,
    byState: Object.fromEntries(Object.entries(byState).map(([state, of]) => [state, of.length])),
    concerns: views
      .flatMap((view) => concernOf(view, now) ?? [])
      .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)),
  }
}

/** @returns `undefined` for a connection that nobody need see to. */
export function concernOf(view: ConnectionView, now: number): Concern | undefined {
  const { name, client, dead, state, createdOnTimestamp, lapsesOnTimestamp } = view
  if (dead) {
    const { sinceTimestamp, aadsts } = dead
    return { name, client, kind: 'dead', timestamp: sinceTimestamp, ...(aadsts > 0 && { aadsts }) }
  }
  if (state === 'pending' && now - createdOnTimestamp >= DAY_IN_MS) {
    return { name, client, kind: 'never_connected', timestamp: createdOnTimestamp }
  }
  if (lapsesOnTimestamp !== undefined && lapsesOnTimestamp - now <= WARNED_BEFORE_MS) {
    return { name, client, kind: 'dying', timestamp: lapsesOnTimestamp }
  }
  return undefined
}
