import { CONNECTION_GRANTS, type ConnectionGrant } from '../src/core/client-profile.ts'
import { momentsOf, outagesOf } from './faults.ts'
import { createRandom, type Random } from './random.ts'
import {
  HOUR,
  MINUTE,
  SECOND,
  usernameOf,
  type Cast,
  type PlannedConnection,
  type SentSecret,
  type SignedInAs,
  type Stimulus,
} from './stimulus.ts'

/** Two of them have one account. */
const ACCOUNTS = 4
/** Mostly the right thing: what is wrong asks nobody, and is soon answered. */
const SENT: readonly SentSecret[] = [
  ...Array<SentSecret>(40).fill('latest'),
  'unmade',
  'cut',
  'capital',
  'as_user_name',
]
const SIGNED_IN_AS: readonly SignedInAs[] = ['right', 'right', 'right', 'other', 'renamed', 'recreated']

export function connectionsOf(seed: number): PlannedConnection[] {
  const random = createRandom(seed, 'connections')
  return Array.from({ length: random.between(4, 8) }, (_, index): PlannedConnection => {
    const grant = random.of<ConnectionGrant>([...CONNECTION_GRANTS, 'authorization_code'])
    const user = `s${index % ACCOUNTS}`
    const isNamed = grant === 'authorization_code' || random.isTrue(0.5)
    return {
      name: `c${index}`,
      client: random.of(['default', 'confidential', 'confidential']),
      grant,
      user,
      username: isNamed ? usernameOf(user) : undefined,
    }
  })
}

/** Who makes, changes and deletes connections, who signs in, and who asks with a secret, and when. */
export function connectorsOf(cast: Cast): Stimulus[] {
  return [
    ...cast.connections.flatMap((planned) => lifeOf(planned, cast)),
    ...accountsOf(cast),
    ...grantsOf(cast),
  ]
    .flat()
    .filter(({ at }) => at >= 0 && at < cast.durationInMs)
}

function lifeOf(planned: PlannedConnection, cast: Cast): Stimulus[] {
  const { name: connection, client, grant, user, username } = planned
  const random = createRandom(cast.seed, 'connection', connection)
  const slotOf = () => random.below(cast.slots)

  const connects = (at: number): Stimulus => ({
    at,
    kind: 'connect',
    slot: slotOf(),
    connection,
    client,
    grant,
    username,
  })

  const signsIn = (at: number, as: SignedInAs): Stimulus & { kind: 'sign_in' } => ({
    at,
    kind: 'sign_in',
    slot: slotOf(),
    answerSlot: slotOf(),
    connection,
    user,
    as,
    takesInMs: random.of([5 * SECOND, MINUTE, 8 * MINUTE, 14 * MINUTE, 20 * MINUTE]),
  })

  const answeredAt = (at: number): Stimulus => ({
    ...signsIn(at - 5 * SECOND, 'right'),
    takesInMs: 5 * SECOND,
  })

  /** Now and then two at once, and now and then after somebody else has tried. */
  function signInsFrom(start: number): Stimulus[] {
    if (grant !== 'authorization_code') return []
    const at = start + random.of([20 * SECOND, 5 * MINUTE, 90 * MINUTE])
    return [
      ...(random.isTrue(0.4) ? [signsIn(at - 10 * SECOND, random.of(SIGNED_IN_AS))] : []),
      signsIn(at, 'right'),
      ...(random.isTrue(0.3) ? [signsIn(at + 25 * MINUTE, random.of(SIGNED_IN_AS))] : []),
      ...(random.isTrue(0.5) ? [signsIn(at + 26 * MINUTE, 'right')] : []),
    ]
  }

  const start = random.of([MINUTE, 40 * MINUTE, 3 * HOUR])
  /** Made, signed in to, and made once more by whoever does not know that it is there. */
  const birthsOf = (at: number): Stimulus[] => [
    connects(at),
    connects(at + random.of([20 * MINUTE, 2 * HOUR])),
    ...signInsFrom(at + MINUTE),
  ]

  /** What it is now and then made anew after. */
  const deaths = momentsOf(cast, random, 0.4, 8 * HOUR).flatMap((at): Stimulus[] => [
    { at, kind: 'disconnect', slot: slotOf(), connection },
    ...(random.isTrue(0.3) ? [{ at: at + 40, kind: 'disconnect', slot: slotOf(), connection } as const] : []),
    ...(random.isTrue(0.3) ? [answeredAt(at + random.between(-600, 100))] : []),
    ...(random.isTrue(0.7) ? birthsOf(at + random.of([SECOND, 4 * MINUTE, HOUR])) : []),
  ])

  const changesSecret = (at: number, overlapInMs: number): Stimulus => ({
    at,
    kind: 'secret',
    slot: slotOf(),
    connection,
    overlapInMs,
  })
  const changes = momentsOf(cast, random, 0.7, 4 * HOUR).flatMap((at) =>
    Array.from({ length: random.of([1, 1, 1, 2]) }, () =>
      changesSecret(at + random.below(300), random.of([0, 0, 10 * MINUTE, HOUR, 3 * HOUR])),
    ),
  )
  /** While answers are lost. */
  const troubled = outagesOf('connections', cast).flatMap((outage): Stimulus[] => {
    const at = outage.at + random.below(9 * SECOND)
    const waitInMs = random.of([MINUTE, 20 * MINUTE, HOUR])
    return [
      ...(random.isTrue(0.5) ? [changesSecret(at, random.of([0, 2 * HOUR, 2 * HOUR]))] : []),
      ...(random.isTrue(0.5) ? [asksOf(at + waitInMs, waitInMs + 20 * SECOND)] : []),
      ...(random.isTrue(0.1) ? [answeredAt(at)] : []),
    ]
  })
  /** Tokens cannot be stored, and go. */
  const endings = outagesOf('tables', cast).flatMap((outage): Stimulus[] => {
    if (random.isTrue(0.7)) return []
    const at = outage.at + random.below(9 * SECOND)
    return [
      answeredAt(at),
      { ...asksOf(at), minValidInMs: 3000 * SECOND },
      { at: at + random.between(5, 60) * SECOND, kind: 'disconnect', slot: slotOf(), connection },
      ...birthsOf(at + random.of([4 * MINUTE, HOUR])),
    ]
  })

  /** Whoever sees that it has ended signs in again. */
  const reconnects = momentsOf(cast, random, 0.8, 4 * HOUR).flatMap(signInsFrom)

  function asksOf(at: number, lagInMs = 0): Stimulus & { kind: 'ask' } {
    const sent = random.of(SENT)
    const other = random.of(cast.connections)
    return {
      at: Math.floor(at),
      kind: 'ask',
      slot: slotOf(),
      connection,
      sent,
      secretOf: random.isTrue(0.03) ? other.name : connection,
      lagInMs,
      calledBy: calledByOf(planned, random),
      client: random.isTrue(0.05) ? random.of(cast.registrations).client : undefined,
      minValidInMs: random.isTrue(0.1) ? random.of([60, 900, 3000]) * SECOND : 0,
    }
  }

  /** A flow, which learns late of another secret. */
  function flow(): Stimulus[] {
    const everyMs = random.of([2, 5, 15, 40]) * MINUTE
    const lagInMs = random.of([0, 0, 5 * MINUTE, 45 * MINUTE, 45 * MINUTE, 5 * HOUR])
    const begin = random.below(cast.durationInMs / 2)
    const end = random.isTrue(0.5) ? cast.durationInMs : begin + random.between(1, 8) * HOUR
    const runs: Stimulus[] = []
    for (let at = begin; at < end; at += everyMs * (0.9 + random.next() / 5)) runs.push(asksOf(at, lagInMs))
    return runs
  }

  /** Many at the same time, also around what happens to the connection. */
  function burst(at: number): Stimulus[] {
    const widthInMs = random.of([1, 200, 20 * SECOND])
    return Array.from({ length: random.between(2, 6) }, () => asksOf(at + random.below(widthInMs)))
  }

  return [
    ...birthsOf(start),
    ...deaths,
    ...changes,
    ...troubled,
    ...endings,
    ...reconnects,
    ...Array.from({ length: random.between(1, 2) }, flow).flat(),
    ...momentsOf(cast, random, 0.7, 3 * HOUR).flatMap(burst),
    ...[...deaths, ...changes].flatMap(({ at }) => burst(at - random.below(200))),
  ]
}

/** Its own name, its account's, or what is wrong. */
function calledByOf({ name, username }: PlannedConnection, random: Random): string {
  if (random.isTrue(0.03)) return random.of(['another', usernameOf('nobody')])
  return random.of([name, name.toUpperCase(), username ?? usernameOf('whoever')])
}

/** Sign-ins that are revoked, and accounts that are unwell for a while. */
function accountsOf(cast: Cast): Stimulus[] {
  const users = new Set(cast.connections.map(({ user }) => user))
  return [...users].flatMap((user): Stimulus[] => {
    const random = createRandom(cast.seed, 'service account', user)
    const revoked = momentsOf(cast, random, 0.5, 9 * HOUR).map((at) => ({
      at,
      kind: 'revoke' as const,
      user,
    }))
    const unwell = momentsOf(cast, random, 0.3, 9 * HOUR).flatMap((at): Stimulus[] => [
      { at, kind: 'account', user, state: random.of(['disabled', 'throttled', 'mfa', 'expired']) },
      { at: at + random.of([2 * MINUTE, HOUR]), kind: 'account', user, state: 'well' },
    ])
    return [...revoked, ...unwell]
  })
}

/** A profile allows less for a while. */
function grantsOf(cast: Cast): Stimulus[] {
  return cast.registrations.flatMap(({ client, grants }) => {
    const random = createRandom(cast.seed, 'grants', client)
    return momentsOf(cast, random, 0.4, 9 * HOUR).flatMap((at): Stimulus[] => [
      { at, kind: 'grants', client, grants: random.of([[], ['client_credentials'], ['authorization_code']]) },
      { at: at + random.of([MINUTE, 30 * MINUTE, 2 * HOUR]), kind: 'grants', client, grants },
    ])
  })
}
