import type { ConnectionGrant } from '../src/core/client-profile.ts'
import type { NamedConnection } from '../src/core/connection/connection.ts'
import type { Happening, Operation, OperationAnswer } from './happening.ts'
import { MINUTE } from './stimulus.ts'

/** What was begun so long before another operation has ended, or never will. */
const OPERATION_IN_MS = 2 * MINUTE

/** What is known of a secret that somebody was given. */
export interface SecretFacts {
  readonly secret: string
  /** Of the connection. */
  readonly id: string
  readonly connection: string
  /** When somebody said that it should hold no longer. */
  until: number
  /** The same, by the instance that was told so. */
  readonly endedIn: Map<string, number>
}

/** What is known of a connection, from outside the broker but for its row. */
export interface KnownConnection {
  readonly id: string
  readonly name: string
  readonly client: string
  readonly grant: ConnectionGrant
  readonly username: string | undefined
  /** Its secrets, as they came to hold one after the other; also those that nobody was given. */
  readonly secrets: string[]
  /** The last sign-in that connected it. */
  signedIn: { readonly user: string; readonly at: number; readonly clientId: string | undefined } | undefined
  /** When its account was first written down. */
  pinnedAt: number
  removedAt: number
  /** When a caller last had its secret, or somebody made it or signed in. */
  wantedAt: number
  /** When an instance was last told that the refresh token is good for nothing. */
  deadAt: number
}

/** What holds after operations that were done one after the other, and succeeded. */
interface Settled {
  readonly secret: string
  /** The secret before it, and until when it holds, too. */
  readonly before?: { readonly secret: string; readonly until: number }
}

interface ProfileFacts {
  readonly clientId: string | undefined
  readonly grants: readonly ConnectionGrant[]
  until: number
}

/** All that the invariants know of connections. */
export interface ConnectionFacts {
  readonly secrets: Map<string, SecretFacts>
  /** By id. */
  readonly all: Map<string, KnownConnection>
  /** By name; absent while it is not certain what holds. */
  readonly settled: Map<string, Settled>
  /** When somebody last began to delete a connection of the name. */
  readonly deletions: Map<string, number>
  /** By correlation id: what the request was sent with. */
  readonly sent: Map<string, string>
  /** When an account last became well or unwell, or lost its sign-ins. */
  readonly ailed: Map<string, number>
  /** When an application last got a token; by client. */
  readonly applicationTokens: Map<string, number>
  /** When somebody last wanted a token of an application; by client. */
  readonly applicationsWanted: Map<string, number>
  /** What a profile was; by client. */
  readonly profiles: Map<string, ProfileFacts[]>
  readonly deaths: number[]
  disturbedUntil: number
  /** Until when some calls to the table of connections fail. */
  tableOutUntil: number
  /** The same, but for Entra ID's own outages. */
  disturbedAroundUntil: number
  readonly note: (happening: Happening) => void
}

export function createConnectionFacts(time: () => number): ConnectionFacts {
  /** The operation of a name that was begun last, whether it was alone, and what held before it. */
  const lastBegun = new Map<
    string,
    { readonly operation: Operation; readonly isAlone: boolean; readonly before: Settled | undefined }
  >()

  function begin(operation: Operation): void {
    const { connection, startTimestamp, kind, grant, client } = operation
    const last = lastBegun.get(connection)?.operation.startTimestamp ?? -Infinity
    const before = facts.settled.get(connection)
    lastBegun.set(connection, { operation, isAlone: startTimestamp - last > OPERATION_IN_MS, before })
    facts.settled.delete(connection)
    if (kind === 'disconnect') {
      facts.deletions.set(connection, time())
      // Its tokens go first: if it fails then, they are gone all the same.
      for (const known of facts.all.values()) if (known.name === connection) known.signedIn = undefined
    }
    if (grant === 'client_credentials' && client !== undefined) facts.applicationsWanted.set(client, time())
  }

  function end(operation: Operation, { id, secret, error }: OperationAnswer): void {
    const { connection, kind, instance, startTimestamp, overlapInMs = 0 } = operation
    if (error !== undefined) return
    const last = lastBegun.get(connection)
    const isSettled = last?.operation === operation && last.isAlone
    if (kind === 'disconnect') {
      for (const known of facts.secrets.values()) {
        if (known.connection === connection && !isNewer(known, startTimestamp)) endNow(known, instance)
      }
      return
    }
    if (secret === undefined || id === undefined) {
      // Made again: nothing changed.
      if (isSettled && last.before) facts.settled.set(connection, last.before)
      return
    }
    facts.secrets.set(secret, { secret, id, connection, until: Infinity, endedIn: new Map() })
    givenAt.set(secret, time())
    const all = facts.all.get(id)?.secrets ?? []
    const at = all.indexOf(secret)
    const [before, ...older] = all.slice(0, Math.max(at, 0)).toReversed()
    for (const each of older) endNow(facts.secrets.get(each), instance)
    const holding = before === undefined ? undefined : facts.secrets.get(before)
    if (holding && overlapInMs === 0) endNow(holding, instance)
    else if (holding) holding.until = Math.min(holding.until, time() + overlapInMs)
    if (!isSettled) return
    const overlap = holding && { before: { secret: holding.secret, until: startTimestamp + overlapInMs } }
    facts.settled.set(connection, { secret, ...overlap })
  }

  const givenAt = new Map<string, number>()
  const isNewer = ({ secret }: SecretFacts, than: number) => (givenAt.get(secret) ?? 0) > than

  function endNow(known: SecretFacts | undefined, instance?: string): void {
    if (!known) return
    known.until = Math.min(known.until, time())
    if (instance !== undefined && !known.endedIn.has(instance)) known.endedIn.set(instance, time())
  }

  function knownOf({ id, name, client, grant, username }: NamedConnection): KnownConnection {
    const known = facts.all.get(id) ?? {
      id,
      name,
      client,
      grant,
      username,
      secrets: [],
      signedIn: undefined,
      pinnedAt: Infinity,
      removedAt: Infinity,
      wantedAt: time(),
      deadAt: -Infinity,
    }
    facts.all.set(id, known)
    return known
  }

  function noteSent(correlationId: string, secret: string): void {
    facts.sent.set(correlationId, secret)
    const known = facts.all.get(facts.secrets.get(secret)?.id ?? '')
    if (!known) return
    known.wantedAt = time()
    if (known.grant === 'client_credentials') facts.applicationsWanted.set(known.client, time())
  }

  const facts: ConnectionFacts = {
    secrets: new Map(),
    all: new Map(),
    settled: new Map(),
    deletions: new Map(),
    sent: new Map(),
    ailed: new Map(),
    applicationTokens: new Map(),
    applicationsWanted: new Map(),
    profiles: new Map(),
    deaths: [],
    disturbedUntil: -Infinity,
    tableOutUntil: -Infinity,
    disturbedAroundUntil: -Infinity,
    note(happening) {
      switch (happening.kind) {
        case 'disturbed':
          facts.disturbedUntil = Math.max(facts.disturbedUntil, happening.until)
          if (happening.of === 'connections') {
            facts.tableOutUntil = Math.max(facts.tableOutUntil, happening.until)
          }
          if (happening.of !== 'entra' && happening.of !== 'throttling') {
            facts.disturbedAroundUntil = Math.max(facts.disturbedAroundUntil, happening.until)
          }
          break
        case 'death':
          facts.deaths.push(time())
          break
        case 'account':
        case 'revoked':
          facts.ailed.set(happening.user, time())
          break
        case 'profile': {
          const { client, clientId, grants = [] } = happening
          const known = facts.profiles.get(client) ?? []
          const present = known.at(-1)
          if (present) present.until = time()
          facts.profiles.set(client, [...known, { clientId, grants, until: Infinity }])
          break
        }
        case 'operated':
          begin(happening.operation)
          break
        case 'operation_answer':
          end(happening.operation, happening.answer)
          break
        case 'connection_written': {
          const { connection } = happening
          const known = knownOf(connection)
          const secret = connection.secrets[0]?.linkKey
          if (secret !== undefined && !known.secrets.includes(secret)) known.secrets.push(secret)
          if (connection.pinned) known.pinnedAt = Math.min(known.pinnedAt, time())
          break
        }
        case 'connection_removed': {
          const known = knownOf(happening.connection)
          known.removedAt = time()
          for (const secret of known.secrets) endNow(facts.secrets.get(secret))
          break
        }
        case 'secret_sent':
          noteSent(happening.correlationId, happening.secret)
          break
        case 'signed_in': {
          const known = facts.all.get(happening.id)
          // Its tokens may be stored: the answer to the write was lost.
          if (known && happening.outcome.kind === 'not_stored') known.wantedAt = time()
          if (!known || happening.outcome.kind !== 'connected') break
          const { clientId } = facts.profiles.get(known.client)?.at(-1) ?? {}
          known.signedIn = { user: happening.user, at: time(), clientId }
          known.wantedAt = time()
          break
        }
        case 'judged': {
          const { grant, issued } = happening
          if (grant.connection === 'application' && issued) {
            facts.applicationTokens.set(issued.client, time())
          }
          break
        }
        case 'returned': {
          const { grant, failure } = happening
          const known = grant.connection === 'renewal' ? facts.all.get(grant.key) : undefined
          if (known && failure && failure.category !== 'temporarily_unavailable') known.deadAt = time()
          break
        }
        case 'written': {
          const known = facts.all.get(happening.key)
          if (known) known.deadAt = -Infinity
          break
        }
        case 'answer':
        case 'asked':
        case 'clocks':
        case 'fault':
        case 'hinted':
        case 'keys':
        case 'persisted':
        case 'removed':
        case 'request':
        case 'secret_answer':
        case 'unhinted':
          break
      }
    },
  }
  return facts
}
