import type { AccessToken } from '../access-token.ts'
import type { ConnectionGrant } from '../client-profile.ts'
import type { DeadGrant, StoredTokenEntry } from '../entry/token-entry.ts'
import type { NamedConnection } from './connection.ts'

/**
 * - `pending`: nobody has signed in yet.
 * - `connected`: it has tokens.
 * - `reconnect_required`: what was signed in with has ended.
 * - `unreadable`: its entry does not open.
 */
export type ConnectionState = 'pending' | 'connected' | 'reconnect_required' | 'unreadable'

/** What an administrator sees of a connection: no secret, no token. Times are epoch milliseconds. */
export interface ConnectionView {
  readonly name: string
  /** Names its entry in the log. */
  readonly id: string
  readonly state: ConnectionState
  readonly grant: ConnectionGrant
  readonly client: string
  readonly username?: string | undefined
  readonly owner?: string | undefined
  readonly link?: string | undefined
  readonly createdOnTimestamp: number
  /** When a person signed in, or the application first got a token. */
  readonly connectedOnTimestamp?: number | undefined
  readonly lastUsedTimestamp?: number | undefined
  readonly expiresOnTimestamp?: number | undefined
  /** An estimate: when the refresh token ends if nobody renews it. */
  readonly lapsesOnTimestamp?: number | undefined
  /** Until when the secret of before holds. */
  readonly overlapEndsTimestamp?: number | undefined
  /** Refreshes that failed in a row. */
  readonly failures: number
  readonly dead?: DeadGrant | undefined
}

/** https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime */
const REFRESH_TOKEN_LIFE_IN_MS = 90 * 86_400_000

/** State is computed, never stored. */
export function connectionViewOf(
  connection: NamedConnection,
  stored: StoredTokenEntry | undefined,
  token: AccessToken | undefined,
  link: string | undefined,
): ConnectionView {
  const { name, id, grant, client, username, owner, createdOnTimestamp } = connection
  const entry = stored?.entry
  const endsLater = connection.secrets.find(({ endTimestamp }) => endTimestamp !== undefined)
  return {
    name,
    id,
    state: stateOf(stored),
    grant,
    client,
    username,
    owner,
    link,
    createdOnTimestamp,
    overlapEndsTimestamp: endsLater?.endTimestamp,
    failures: stored?.failures ?? 0,
    connectedOnTimestamp: entry?.verifiedOnTimestamp,
    lastUsedTimestamp: stored?.lastUsedTimestamp,
    expiresOnTimestamp: token?.expiresOnTimestamp,
    lapsesOnTimestamp:
      token && entry?.renewal === 'refresh_token'
        ? token.acquiredOnTimestamp + REFRESH_TOKEN_LIFE_IN_MS
        : undefined,
    dead: stored?.dead,
  }
}

function stateOf(stored: StoredTokenEntry | undefined): ConnectionState {
  if (!stored) return 'pending'
  if (!stored.entry) return 'unreadable'
  return stored.dead ? 'reconnect_required' : 'connected'
}
