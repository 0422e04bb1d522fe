import { LRUCache } from 'lru-cache'
import { BrokerError } from '../broker-error.ts'

const WINDOW_IN_MS = 600_000
/** One flow uses one account, or a few; who has this many refused is trying passwords. */
const MAX_REFUSED_USERS = 20
const MAX_CALLERS = 10_000
const RETRY_AFTER_IN_MS = 60_000

/** Watches who tries passwords over many users, which no user's own limit notices. Per instance. */
export interface Callers {
  /** @throws {BrokerError} `too_many_requests` for a caller who does. A request without a caller is never judged. */
  check(caller: string | undefined): void
  note(caller: string | undefined, user: string, isAccepted: boolean): void
}

interface Watched {
  /** When each user was refused last; milliseconds of the process's own clock. */
  readonly refused: Map<string, number>
  /** Likewise for those accepted. */
  readonly accepted: Map<string, number>
}

/** @param elapsed the process's own clock, in milliseconds. */
export function createCallers(elapsed: () => number): Callers {
  const watched = new LRUCache<string, Watched>({ max: MAX_CALLERS })

  const recent = (users: Map<string, number>): number => {
    const since = elapsed() - WINDOW_IN_MS
    for (const [user, at] of users) if (at <= since) users.delete(user)
    return users.size
  }

  return {
    check(caller) {
      const own = caller === undefined ? undefined : watched.get(caller)
      if (!own) return
      const refused = recent(own.refused)
      if (refused < MAX_REFUSED_USERS || refused <= recent(own.accepted)) return
      throw new BrokerError('too_many_requests', {
        retryAfterInMs: RETRY_AFTER_IN_MS,
        logDetail: 'caller_refused_too_often',
      })
    },
    note(caller, user, isAccepted) {
      if (caller === undefined) return
      const own = watched.get(caller) ?? { refused: new Map(), accepted: new Map() }
      watched.set(caller, own)
      const users = isAccepted ? own.accepted : own.refused
      recent(users)
      users.set(user, elapsed())
    },
  }
}
