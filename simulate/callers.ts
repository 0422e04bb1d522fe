import { createRandom, type Random } from './random.ts'
import { HOUR, MINUTE, passwordOf, SECOND, type Cast, type Stimulus } from './stimulus.ts'

type Request = Extract<Stimulus, { kind: 'request' }>

interface Change {
  readonly at: number
  readonly password: string
}

/** Who asks the broker for what and when, and when users change their passwords. */
export function callersOf(cast: Cast): { readonly changes: Stimulus[]; readonly requests: Stimulus[] } {
  const changes: Stimulus[] = []
  const requests: Stimulus[] = []
  for (const user of cast.users) {
    const random = createRandom(cast.seed, 'caller', user)
    const own = changesOf(user, cast, random)
    changes.push(...own.map((change) => ({ ...change, kind: 'password' as const, user })))
    requests.push(...requestsOf(user, own, cast, random))
  }
  requests.push(...spraysOf(cast))
  return { changes, requests: requests.filter(({ at }) => at >= 0 && at < cast.durationInMs) }
}

function changesOf(user: string, { durationInMs }: Cast, random: Random): Change[] {
  const everyMs = random.of([3 * HOUR, 10 * HOUR, Infinity])
  const changes: Change[] = []
  for (let at = random.below(5 * HOUR); at < durationInMs; at += (0.5 + random.next()) * everyMs) {
    if (everyMs !== Infinity) {
      changes.push({ at: Math.floor(at), password: passwordOf(user, changes.length + 1) })
    }
  }
  return changes
}

/** What the user's password is at the time, by plan. */
function currentOf(user: string, changes: readonly Change[], at: number): string {
  return changes.findLast((change) => change.at <= at)?.password ?? passwordOf(user, 0)
}

function requestsOf(user: string, changes: readonly Change[], cast: Cast, random: Random): Request[] {
  const client = random.of(cast.registrations).client
  const wish = () => (random.isTrue(0.1) ? random.of([60, 900, 3000]) * SECOND : 0)
  const ask = (at: number, password: string, minValidInMs = wish()): Request => ({
    kind: 'request',
    at: Math.floor(at),
    slot: random.below(cast.slots),
    user: random.isTrue(0.1) ? user.toUpperCase() : user,
    client: random.isTrue(0.05) ? random.of(cast.registrations).client : client,
    password,
    minValidInMs,
  })
  const right = (at: number) => ask(at, currentOf(user, changes, at))

  /** A flow that runs every so often for some hours, and learns of a new password late. */
  function flow(): Request[] {
    const everyMs = random.of([2, 5, 20, 60]) * MINUTE
    const lagInMs = random.of([0, 20 * SECOND, 10 * MINUTE, 2 * HOUR])
    const start = random.below(cast.durationInMs)
    const end = random.isTrue(0.5) ? cast.durationInMs : start + random.between(1, 8) * HOUR
    const runs: Request[] = []
    for (let at = start; at < end; at += everyMs * (0.9 + random.next() / 5)) {
      runs.push(ask(at, currentOf(user, changes, at - lagInMs)))
    }
    return runs
  }

  /** Many at the same time. */
  function burst(): Request[] {
    const start = random.below(cast.durationInMs)
    const widthInMs = random.of([1, 100, 3 * SECOND])
    return Array.from({ length: random.between(2, 10) }, () => right(start + random.below(widthInMs)))
  }

  /** Both passwords around the moment of a change; some wish for more than the token has left, so that it is refreshed. */
  function hurry({ at }: Change): Request[] {
    const isWishing = random.isTrue(0.5)
    const [before, after] = [currentOf(user, changes, at - 1), currentOf(user, changes, at)]
    return Array.from({ length: random.between(2, 12) }, () => {
      const when = at + random.between(-2, 10) * random.of([100, SECOND, 40 * SECOND])
      return ask(when, random.isTrue(0.5) ? before : after, isWishing ? 3000 * SECOND : 0)
    })
  }

  /** Different passwords that never were right. */
  function guesses(): Request[] {
    const start = random.below(cast.durationInMs)
    const everyMs = random.of([10, SECOND, 30 * SECOND])
    return Array.from({ length: random.between(3, 15) }, (_, guess) =>
      ask(start + guess * everyMs, `${user}-wrong-${random.below(8)}`),
    )
  }

  return [
    ...Array.from({ length: random.between(1, 2) }, flow).flat(),
    ...Array.from({ length: random.below(12) }, burst).flat(),
    ...changes.flatMap(hurry),
    ...(random.isTrue(0.25) ? guesses() : []),
  ]
}

/** One password tried on everybody. */
function spraysOf({ seed, durationInMs, slots, users }: Cast): Request[] {
  const random = createRandom(seed, 'sprayer')
  if (!random.isTrue(0.4)) return []
  return Array.from({ length: random.between(1, 4) }, (_, spray) => {
    const start = random.below(durationInMs)
    return users.map((user, index): Request => ({
      kind: 'request',
      at: start + index * 700,
      slot: random.below(slots),
      user,
      client: 'default',
      password: `spring-${spray}`,
      minValidInMs: 0,
    }))
  }).flat()
}
