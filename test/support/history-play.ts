import { performance } from 'node:perf_hooks'
import { demoClientId, demoResource } from '../../local/demo/demo-tenant.ts'
import type { CoreSettings } from '../../src/core-composition.ts'
import { startEntraGateway, type GatewayFault, type TokenAsked, type TokenJudged } from './entra-gateway.ts'
import { eventually } from './eventually.ts'
import type { Seen } from './process-history.ts'
import { startProcesses, type BrokerChild } from './processes.ts'
import { createRandom } from './random.ts'
import { startStorageGateway } from './storage-gateway.ts'

const PROCESSES = 4
const REQUESTS = 12
const SECOND = 1000
const MINUTE = 60 * SECOND

/** A busy machine must not look like an outage. */
const LIMITS = { STORAGE_TIMEOUT: '10', IDENTITY_PROVIDER_TIMEOUT: '20', REQUEST_DEADLINE: '110' }
const LEASE_IN_MS = 50 * SECOND
/** When nothing moves for so long, everybody waits for a lease or a place of the dead. */
const STALLED_AFTER_MS = 2 * SECOND

/** Those of the processes. */
export const PLAY_SETTINGS: CoreSettings = {
  refreshThresholdInMs: 600 * SECOND,
  passwordMaxAgeInMs: 24 * 60 * MINUTE,
  idleEvictionInMs: 7 * 24 * 60 * MINUTE,
  idleRenewalInMs: 180 * 24 * 60 * MINUTE,
  leaseInMs: LEASE_IN_MS,
  maxRefusedPasswords: 3,
  refusalWindowInMs: 10 * MINUTE,
  waitLimitInMs: 108 * SECOND,
  refreshConcurrency: 32,
  refreshFanoutAbove: 1000,
  publicUrl: undefined,
}

export const PLAY_TOKEN_LIFE_IN_MS = 3599 * SECOND

/** Each with its first password. */
export const PLAY_USERS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 10 }, (_, number) => [`user${number}@contoso.example`, `right 0 of ${number}`]),
)

type Trouble = 'none' | 'kill' | 'tables' | GatewayFault

/** Weighted. Outages of the tables are rare: without them each process counts refused passwords for itself, for hours. */
const TROUBLES: readonly Trouble[] = [
  ...(['unavailable', 'throttled', 'reset', 'lost', 'tables'] as const),
  ...(['kill', 'kill', 'kill', 'none', 'none', 'none', 'none', 'none', 'none', 'none', 'none'] as const),
]

/** Of the clock, between two rounds. */
const STEPS_IN_MS = [1 / 60, 1 / 3, 1, 1, 1, 5, 5, 11, 11, 40, 62, 150].map((minutes) => minutes * MINUTE)

export interface Play {
  readonly history: readonly Seen[]
  /** Of a correlation id, by the lines that the processes wrote. */
  readonly instanceOf: (correlationId: string) => string | undefined
  readonly counts: Readonly<Record<string, number>>
}

interface Living {
  readonly name: string
  readonly broker: BrokerChild
}

/**
 * Four broker processes, asked, ticking, failing and killed in rounds. Within a round everything is at the same time, and the
 * shared clock stands still; between two it goes on by a second or by hours. What is seen of it is noted as it is seen.
 */
export async function playProcesses(options: {
  readonly durationInMs: number
  readonly seed: number
}): Promise<Play> {
  const random = createRandom(options.seed)
  const processes = await startProcesses({ settings: LIMITS })
  const { entra, keyVault, azurite, tls } = processes
  const history: Seen[] = []
  const counts: Record<string, number> = {}
  const passwords = new Map(Object.entries(PLAY_USERS))
  const tables = await startStorageGateway(tls, azurite.tableServiceUrl)
  const gateway = await startEntraGateway({ tls, authority: entra.authority(), onAsked: noteAsked })
  const everybody: Living[] = []
  const births = Array.from({ length: PROCESSES }, () => 0)
  const living: Living[] = []
  /** Of Entra ID, and what of all was seen last. */
  const seenSoFar = { requests: 0, grants: 0, movedAt: performance.now() }

  /** Without the time: it is now. */
  type Unseen = Seen extends infer One ? (One extends Seen ? Omit<One, 'at'> : never) : never
  function note(seen: Unseen): void {
    seenSoFar.movedAt = performance.now()
    history.push({ ...seen, at: processes.now() })
  }
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1)

  function noteAsked(asked: TokenAsked) {
    const grant = ++seenSoFar.grants
    note({ kind: 'asked', grant, asked })
    count(asked.password === undefined ? 'refreshes' : 'sign-ins')
    return {
      judged: (judged: TokenJudged) => note({ kind: 'judged', grant, judged }),
      returned: (judged: TokenJudged | undefined) => note({ kind: 'returned', grant, judged }),
    }
  }

  async function start(slot: number): Promise<void> {
    births[slot] = (births[slot] ?? 0) + 1
    const broker = await processes.start({ TABLE_SERVICE_URL: tables.url })
    const one = { name: `p${slot}.${births[slot]}`, broker }
    living[slot] = one
    everybody.push(one)
  }

  /** Who asks with which password: anybody; many for one user at one process; or somebody who guesses. */
  function callers(): readonly { readonly one: Living; readonly user: string; readonly password: string }[] {
    const users = [...passwords.keys()]
    const rightOf = (user: string) => passwords.get(user) ?? ''
    const crowd = random.of(['anybody', 'anybody', 'burst', 'guesses'] as const)
    const [one, user] = [random.of(living), random.of(users)]
    return Array.from({ length: REQUESTS }, () => {
      if (crowd === 'burst') return { one, user, password: rightOf(user) }
      // A few users alone are guessed at, so that the others are calm.
      if (crowd === 'guesses' && random.below(3) > 0) {
        return {
          one: random.of(living),
          user: random.of(users.slice(0, 2)),
          password: `wrong ${random.below(5)}`,
        }
      }
      const anybody = random.of(users)
      const password = random.below(8) === 0 ? (PLAY_USERS[anybody] ?? '') : rightOf(anybody)
      return { one: random.of(living), user: anybody, password }
    })
  }

  async function ask({ one, user, password }: ReturnType<typeof callers>[number]): Promise<void> {
    const { name, broker } = one
    const minValidInSeconds = random.of([0, 0, 0, 900])
    const username = random.below(10) === 0 ? user.toUpperCase() : user
    const request = ++seenSoFar.requests
    note({ kind: 'request', request, user })
    try {
      const body = { username, password, min_valid_seconds: minValidInSeconds }
      const { json } = await broker.requestToken(body)
      count(String(json['error'] ?? json['action']))
      const minValidInMs = minValidInSeconds * SECOND
      note({ kind: 'answer', request, instance: name, user, password, minValidInMs, json })
    } catch {
      // Its process was killed: nobody is told anything.
      count('no answer')
    }
  }

  /** In the midst of the round, wherever that is. */
  async function kill(slot: number, round: { readonly isAsked: boolean }): Promise<void> {
    const victim = living[slot]
    if (!victim) return
    const seenBefore = history.length + REQUESTS + random.below(REQUESTS)
    await eventually(() => history.length >= seenBefore || round.isAsked)
    await victim.broker.kill()
    count('kills')
    note({ kind: 'death', instance: victim.name })
    note({ kind: 'disturbed', until: processes.now() })
  }

  async function playRound(): Promise<void> {
    const trouble = random.of(TROUBLES)
    const firstGrant = seenSoFar.grants + 1
    begin(trouble)
    if (random.below(4) === 0) changePassword()
    const slot = random.below(PROCESSES)
    const round = { isAsked: false, isDone: false }
    const asks = Promise.all(callers().map(ask))
    const work = Promise.all([
      asks.then(() => (round.isAsked = true)),
      ...living.filter(() => random.below(2) === 0).map(({ broker }) => broker.tick().catch(() => {})),
      ...(trouble === 'kill' ? [kill(slot, round)] : []),
    ])
    const settled = work.then(() => (round.isDone = true))
    seenSoFar.movedAt = performance.now()
    await eventually(async () => {
      if (round.isDone && gateway.inFlight() === 0) return true
      if (performance.now() - seenSoFar.movedAt > STALLED_AFTER_MS) await leap()
      return false
    })
    await settled
    end(trouble)
    for (let grant = firstGrant; grant <= seenSoFar.grants; grant++) note({ kind: 'heeded', grant })
    if (trouble === 'kill') await start(slot)
  }

  /** The clock stands still, so nobody's lease or place would ever end. */
  async function leap(): Promise<void> {
    count('leaps')
    await processes.advance(LEASE_IN_MS / SECOND + 1)
    note({ kind: 'disturbed', until: processes.now() })
    note({ kind: 'faults' })
  }

  function begin(trouble: Trouble): void {
    if (trouble === 'none' || trouble === 'kill') return
    count(trouble)
    const of = trouble === 'tables' ? 'tables' : 'entra'
    note({ kind: 'disturbed', until: processes.now(), of })
    if (trouble === 'tables') {
      tables.fault = random.of([{ kind: 'status', status: 503 } as const, { kind: 'reset' } as const])
      note({ kind: 'faults' })
    } else gateway.faultOf = () => (random.below(2) === 0 ? trouble : undefined)
  }

  function end(trouble: Trouble): void {
    tables.reset()
    gateway.faultOf = () => undefined
    if (trouble === 'tables') note({ kind: 'faults' })
  }

  function changePassword(): void {
    const user = random.of([...passwords.keys()])
    const password = `right ${history.length} of ${user}`
    passwords.set(user, password)
    entra.setPassword(user, password)
    note({ kind: 'password', user, password })
  }

  try {
    const profile = { authority: gateway.authority, clientId: demoClientId, resource: demoResource }
    keyVault.setSecret('client-default', JSON.stringify(profile))
    for (const [username, password] of passwords) entra.setUser({ username, password })
    await Promise.all(Array.from({ length: PROCESSES }, (_, slot) => start(slot)))
    const startTime = performance.now()
    while (performance.now() - startTime < options.durationInMs) {
      count('rounds')
      await playRound()
      await processes.advance(random.of(STEPS_IN_MS) / SECOND)
    }
  } finally {
    await processes.close()
    await gateway.close()
    await tables.close()
  }

  const instances = new Map<string, string>()
  for (const { name, broker } of everybody) {
    for (const line of broker.lines) {
      const [, id] = /"correlationId":"([^"]+)"/.exec(line) ?? []
      if (id !== undefined) instances.set(id, name)
    }
  }
  return { history, instanceOf: (correlationId) => instances.get(correlationId), counts }
}
