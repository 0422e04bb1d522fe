import { createRandom, type Random } from './random.ts'
import {
  HOUR,
  MINUTE,
  passwordOf,
  SECOND,
  type AccountState,
  type Cast,
  type Outage,
  type Stimulus,
} from './stimulus.ts'

const OUTAGES: readonly Outage[] = ['tables', 'connections', 'index', 'queue', 'vault', 'entra', 'throttling']
const AILMENTS: readonly AccountState[] = ['disabled', 'mfa', 'expired', 'on_premises', 'throttled', 'locked']

/** The faults of a scenario. Not every scenario has every kind: a world that never rests hides what only a calm one shows. */
export function faultsOf(cast: Cast): Stimulus[] {
  const outages = OUTAGES.map((of) => outagesOf(of, cast))
  return [...outages, guessesIn(outages.flat(), cast), crashesOf, clocksOf, accountsOf, profilesOf, keysOf]
    .map((kind) => (typeof kind === 'function' ? kind(cast) : kind))
    .flat()
    .filter(({ at }) => at < cast.durationInMs)
}

/** Moments about so far apart, in about as many scenarios as said. */
export function momentsOf(
  { durationInMs }: Pick<Cast, 'durationInMs'>,
  random: Random,
  share: number,
  everyMs: number,
): number[] {
  const end = random.isTrue(share) ? durationInMs : 0
  const moments: number[] = []
  for (let at = random.below(everyMs); at < end; at += random.between(1, 2 * everyMs)) {
    moments.push(at)
  }
  return moments
}

export function outagesOf(of: Outage, cast: Cast): (Stimulus & { kind: 'outage' })[] {
  const random = createRandom(cast.seed, 'outage', of)
  const rate = random.of([0.1, 0.4, 1])
  return momentsOf(cast, random, 0.5, 5 * HOUR).map((at) => ({
    at,
    kind: 'outage',
    of,
    rate,
    until: at + random.of([10 * SECOND, 2 * MINUTE, 20 * MINUTE]),
  }))
}

/** Passwords that never were right, while answers are lost. */
function guessesIn(outages: readonly Stimulus[], cast: Cast): Stimulus[] {
  const random = createRandom(cast.seed, 'guesses in outages')
  return outages.flatMap((outage): Stimulus[] => {
    if (outage.kind !== 'outage' || outage.of !== 'entra' || random.isTrue(0.5)) return []
    const user = random.of(cast.users)
    return Array.from({ length: random.between(6, 20) }, (_, guess) => ({
      at: outage.at + guess * random.of([200, 3 * SECOND]),
      kind: 'request',
      slot: random.below(cast.slots),
      user,
      client: 'default',
      password: `${user}-wrong-${guess}`,
      minValidInMs: 0,
    }))
  })
}

/** At whatever await comes then. */
function crashesOf(cast: Cast): Stimulus[] {
  const random = createRandom(cast.seed, 'crashes')
  return momentsOf(cast, random, 0.7, HOUR).map((at) => ({
    at,
    kind: 'crash',
    slot: random.below(cast.slots),
    afterCalls: random.below(40),
  }))
}

/** Clocks that differ from the beginning, and one that is a day wrong for a while. */
function clocksOf(cast: Cast): Stimulus[] {
  const random = createRandom(cast.seed, 'clocks')
  const skews: Stimulus[] = random.isTrue(0.3)
    ? Array.from({ length: cast.slots }, (_, slot) => ({
        at: 0,
        kind: 'clock',
        slot,
        skewInMs: random.between(-90, 90) * SECOND,
      }))
    : []
  const jumps = momentsOf(cast, random, 0.15, 12 * HOUR).flatMap((at): Stimulus[] => {
    const slot = random.below(cast.slots)
    const until = at + random.between(1, 30) * MINUTE
    const skewInMs = random.of([-24, 24]) * HOUR
    return [
      { at, kind: 'clock', slot, skewInMs },
      { at: until, kind: 'clock', slot, skewInMs: 0 },
    ]
  })
  return [...skews, ...jumps]
}

function accountsOf(cast: Cast): Stimulus[] {
  const random = createRandom(cast.seed, 'accounts')
  return momentsOf(cast, random, 0.6, 4 * HOUR).flatMap((at): Stimulus[] => {
    const user = random.of(cast.users)
    const state = random.of(AILMENTS)
    return [
      { at, kind: 'account', user, state },
      ...(state === 'locked' ? insistingFrom(at, user, cast, random) : []),
      { at: at + random.of([MINUTE, 20 * MINUTE, 3 * HOUR]), kind: 'account', user, state: 'well' },
    ]
  })
}

/** A caller who asks again and again while the account is locked. */
function insistingFrom(at: number, user: string, cast: Cast, random: Random): Stimulus[] {
  return Array.from({ length: 20 }, (_, again) => ({
    at: at + again * 7 * SECOND,
    kind: 'request',
    slot: random.below(cast.slots),
    user,
    client: 'default',
    password: passwordOf(user, 0),
    minValidInMs: 0,
  }))
}

/** Another audience, now and then under another app registration; or none: then the profile is gone for a while. */
function profilesOf(cast: Cast): Stimulus[] {
  const random = createRandom(cast.seed, 'profiles')
  const clients = createRandom(cast.seed, 'app registrations')
  return momentsOf(cast, random, 0.4, 9 * HOUR).flatMap((at): Stimulus[] => {
    const { client } = random.of(cast.registrations)
    const audience = `${client}@${at}`
    const another = clients.isTrue(0.4) && { clientId: `${client}~${at}` }
    if (random.isTrue(0.7)) return [{ at, kind: 'profile', client, audience, ...another }]
    return [
      { at, kind: 'profile', client, audience: undefined },
      { at: at + 30 * MINUTE, kind: 'profile', client, audience },
    ]
  })
}

/** A new version; the ones before stay enabled for a while, or not. */
function keysOf(cast: Cast): Stimulus[] {
  const random = createRandom(cast.seed, 'keys')
  return momentsOf(cast, random, 0.4, 9 * HOUR).map((at, index) => ({
    at,
    kind: 'key',
    version: index + 2,
    oldest: random.isTrue(0.5) ? 1 : index + 2,
  }))
}
