import { createConnectionFacts, type ConnectionFacts } from './connection-facts.ts'
import type { Answer, Grant, Happening } from './happening.ts'

/** As the scenarios' settings have it. */
const LEASE_IN_MS = 19_000

interface Acceptance {
  readonly password: string
  readonly instance: string
  readonly at: number
  readonly isStored: boolean
}

/** What is known of one entry, from outside the broker. */
export interface EntryFacts {
  /** When Entra ID last accepted a password of this profile's user. */
  readonly verified: Map<string, number>
  /** Answers that came of a password grant. */
  readonly acceptances: Acceptance[]
  /** When an instance last told that a password is refused; by instance and password. */
  readonly refusals: Map<string, number>
  /** When a token was last served for want of a newer one; by instance and password. */
  readonly makeshifts: Map<string, number>
  /** Instances that are asking Entra ID to refresh. */
  readonly refreshing: Set<string>
  /** Password grants under way; by instance and password. */
  readonly signingIn: Set<string>
  readonly hinted: number[]
  tableFaultAt: number
  indexFaultAt: number
  /** When Entra ID last refused a password. */
  refusedAt: number
  requestedAt: number
  /** Use during a refresh is not noted: that would cost the refreshed tokens. */
  servedAt: number
  /** When Entra ID was last asked to refresh. */
  refreshedAt: number
  verifiedAt: number
  writtenAt: number
  removedAt: number
}

/** All that the invariants know of the past. */
export interface Facts {
  readonly entryOf: (key: string) => EntryFacts
  spreadInMs: number
  disturbedUntil: number
  /** The same, but for Entra ID's own outages. */
  disturbedAroundUntil: number
  /** Until when some tables' calls fail. */
  tablesOutUntil: number
  /** When Entra ID last failed in passing for the sake of one account; by user. */
  readonly noise: Map<string, number>
  /** When an account last became well or unwell. */
  readonly accounts: Map<string, number>
  /** Passwords that never were right, and when they reached Entra ID; by user. */
  readonly strangers: Map<string, { readonly password: string; readonly at: number }[]>
  /** When Entra ID last refused a password of the user, right once or never. */
  readonly refused: Map<string, number>
  /** When Entra ID last accepted a password of the user, under whatever profile: it counts anew from then on. */
  readonly accepted: Map<string, number>
  /** When a caller was last told by Entra ID that the account is locked; by user. */
  readonly lockedAnswers: Map<string, number>
  /** When a caller was last told by Entra ID that the password is wrong; by user and password. */
  readonly refusedAnswers: Map<string, number>
  /** When rows last ceased to open. */
  keysChangedAt: number
  /** Until when an instance was asked to leave an entry's user alone; by instance and entry. */
  readonly retryAfter: Map<string, number>
  /** How often a refresh token was presented that Entra ID had called dead, and since when. */
  readonly dead: Map<string, { readonly since: number; times: number }>
  /** Audiences of profiles, and when each was replaced. */
  readonly audiences: Map<string, { readonly audience: string | undefined; until: number }[]>
  readonly connections: ConnectionFacts
  readonly note: (happening: Happening) => void
}

export function createFacts(time: () => number, isRight: (user: string, password: string) => boolean): Facts {
  const entries = new Map<string, EntryFacts>()

  function entryOf(key: string): EntryFacts {
    let entry = entries.get(key)
    if (!entry) entries.set(key, (entry = emptyEntry()))
    return entry
  }

  function noteAnswer({ instance, key, user, password, brokered, error }: Answer): void {
    const entry = entryOf(key)
    const name = `${instance} ${password}`
    const refusal = error as { code?: unknown; details?: { logDetail?: string } } | undefined
    if (refusal?.code === 'invalid_credentials') entry.refusals.set(name, time())
    // By then it is written down.
    if (!/^(known|guard)_/.test(refusal?.details?.logDetail ?? '')) {
      if (refusal?.code === 'invalid_credentials') facts.refusedAnswers.set(`${user} ${password}`, time())
      if (refusal?.code === 'account_locked') facts.lockedAnswers.set(user, time())
    }
    if (!brokered) return
    if (time() - entry.refreshedAt > LEASE_IN_MS) entry.servedAt = time()
    const warnings = new Set(brokered.warnings.map(({ code }) => code))
    if (brokered.notRenewed) entry.makeshifts.set(name, time())
    if (brokered.action.startsWith('retrieved')) {
      const isStored = !warnings.has('token_not_stored')
      entry.acceptances.push({ password, instance, at: time(), isStored })
    }
  }

  function noteJudged(grant: Grant, isAccepted: boolean): void {
    const { user, password } = grant
    if (password === undefined) return
    if (isAccepted) {
      const entry = entryOf(grant.key)
      entry.verified.set(password, time())
      entry.verifiedAt = time()
      facts.accepted.set(user, time())
    } else if (!isRight(user, password)) {
      const tried = facts.strangers.get(user) ?? []
      facts.strangers.set(user, [...tried, { password, at: time() }])
    }
  }

  const facts: Facts = {
    entryOf,
    spreadInMs: 0,
    disturbedUntil: -Infinity,
    disturbedAroundUntil: -Infinity,
    tablesOutUntil: -Infinity,
    noise: new Map(),
    accounts: new Map(),
    strangers: new Map(),
    refused: new Map(),
    accepted: new Map(),
    lockedAnswers: new Map(),
    refusedAnswers: new Map(),
    keysChangedAt: -Infinity,
    retryAfter: new Map(),
    dead: new Map(),
    audiences: new Map(),
    connections: createConnectionFacts(time),
    note(happening) {
      switch (happening.kind) {
        case 'disturbed':
          // Nothing but connections looks at their table.
          if (happening.of === 'connections') break
          facts.disturbedUntil = Math.max(facts.disturbedUntil, happening.until)
          if (happening.of === 'tables') {
            facts.tablesOutUntil = Math.max(facts.tablesOutUntil, happening.until)
          }
          if (happening.of !== 'entra' && happening.of !== 'throttling') {
            facts.disturbedAroundUntil = Math.max(facts.disturbedAroundUntil, happening.until)
          }
          break
        case 'clocks':
          facts.spreadInMs = Math.max(facts.spreadInMs, happening.spreadInMs)
          break
        case 'profile': {
          const known = facts.audiences.get(happening.client) ?? []
          const present = known.at(-1)
          if (present) present.until = time()
          facts.audiences.set(happening.client, [...known, { audience: happening.audience, until: Infinity }])
          break
        }
        case 'account':
          facts.accounts.set(happening.user, time())
          break
        case 'keys':
          facts.keysChangedAt = time()
          break
        case 'death':
          for (const { refreshing, signingIn } of entries.values()) {
            refreshing.delete(happening.instance)
            for (const name of signingIn) {
              if (name.startsWith(`${happening.instance} `)) signingIn.delete(name)
            }
          }
          break
        case 'fault':
          entryOf(happening.key)[happening.of === 'tables' ? 'tableFaultAt' : 'indexFaultAt'] = time()
          break
        case 'request':
          entryOf(happening.key).requestedAt = time()
          break
        case 'answer':
          noteAnswer(happening.answer)
          break
        case 'asked': {
          const { key, instance, password, connection } = happening.grant
          if (connection !== undefined && connection !== 'renewal') break
          const entry = entryOf(key)
          if (password === undefined) {
            entry.refreshing.add(instance)
            entry.refreshedAt = time()
          } else entry.signingIn.add(`${instance} ${password}`)
          break
        }
        case 'judged': {
          const { grant, issued, failure } = happening
          noteJudged(grant, issued !== undefined)
          if (failure?.category === 'invalid_credentials') {
            entryOf(grant.key).refusedAt = time()
            facts.refused.set(grant.user, time())
          }
          if (failure?.category === 'temporarily_unavailable') facts.noise.set(grant.user, time())
          if (failure?.category === 'dead_grant' && grant.refreshToken !== undefined) {
            const dead = facts.dead.get(grant.refreshToken) ?? { since: time(), times: 0 }
            dead.times++
            facts.dead.set(grant.refreshToken, dead)
          }
          break
        }
        case 'returned': {
          const { grant, failure } = happening
          // What is asked for a person who waits, or for no entry, waits for nobody.
          if (grant.connection !== undefined && grant.connection !== 'renewal') break
          entryOf(grant.key).refreshing.delete(grant.instance)
          if (grant.password !== undefined)
            entryOf(grant.key).signingIn.delete(`${grant.instance} ${grant.password}`)
          const asker = `${grant.instance} ${grant.key}`
          if (failure?.retryAfterInMs) facts.retryAfter.set(asker, time() + failure.retryAfterInMs)
          // Another call of the same was answered: whoever asked to be left alone no longer does.
          else if (failure?.category !== 'temporarily_unavailable') facts.retryAfter.delete(asker)
          break
        }
        case 'persisted':
          break
        case 'hinted': {
          const { hinted } = entryOf(happening.hint.entryKey)
          const dueTimestamp = Math.floor(happening.hint.dueTimestamp)
          if (!hinted.includes(dueTimestamp)) hinted.push(dueTimestamp)
          if (hinted.length > 50) hinted.shift()
          break
        }
        case 'unhinted':
          break
        case 'written':
          entryOf(happening.key).writtenAt = time()
          break
        case 'removed':
          entryOf(happening.key).removedAt = time()
          break
        case 'revoked':
        case 'secret_sent':
        case 'secret_answer':
        case 'operated':
        case 'operation_answer':
        case 'connection_written':
        case 'connection_removed':
        case 'signed_in':
          break
      }
      facts.connections.note(happening)
    },
  }
  return facts
}

function emptyEntry(): EntryFacts {
  return {
    verified: new Map(),
    acceptances: [],
    refusals: new Map(),
    makeshifts: new Map(),
    refreshing: new Set(),
    signingIn: new Set(),
    hinted: [],
    tableFaultAt: -Infinity,
    indexFaultAt: -Infinity,
    refusedAt: -Infinity,
    requestedAt: -Infinity,
    servedAt: -Infinity,
    refreshedAt: -Infinity,
    verifiedAt: -Infinity,
    writtenAt: -Infinity,
    removedAt: -Infinity,
  }
}
