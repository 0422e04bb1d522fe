import { CONNECTION_GRANTS } from '../src/core/client-profile.ts'
import type { CoreSettings } from '../src/core-composition.ts'
import { callersOf } from './callers.ts'
import { faultsOf } from './faults.ts'
import { connectionsOf, connectorsOf } from './connectors.ts'
import { createRandom, type Random } from './random.ts'
import { HOUR, MINUTE, SECOND, type Cast, type Registration, type Stimulus } from './stimulus.ts'

/** A world and all that will happen to it. The latencies and which calls fail are the seed's. */
export interface Scenario extends Cast {
  readonly settings: CoreSettings
  readonly stimuli: readonly Stimulus[]
}

export function scenarioOf(seed: number, hours: number): Scenario {
  const random = createRandom(seed, 'cast')
  const durationInMs = hours * HOUR
  const cast: Cast = {
    seed,
    durationInMs,
    slots: random.between(2, 4),
    users: Array.from({ length: random.between(20, 50) }, (_, index) => `u${index}`),
    registrations: ['default', 'confidential', 'other'].map((client) => registrationOf(client, random)),
    connections: connectionsOf(seed),
  }
  const { changes, requests } = callersOf(cast)
  const stimuli = [...changes, ...requests, ...ticksOf(cast), ...faultsOf(cast), ...connectorsOf(cast)]
  return { ...cast, settings: settingsOf(random), stimuli: stimuli.toSorted((a, b) => a.at - b.at) }
}

function registrationOf(client: string, random: Random): Registration {
  const lifetimeInMs = random.of([
    MINUTE,
    10 * MINUTE,
    random.between(20, 90) * MINUTE,
    random.between(60, 90) * MINUTE,
    28 * HOUR,
  ])
  const isAllowed = client !== 'other'
  const grants = isAllowed ? CONNECTION_GRANTS : []
  return { client, isPublic: client !== 'confidential', lifetimeInMs, grants }
}

/** Ages are shorter than the defaults, so that a day sees them pass. */
function settingsOf(random: Random): CoreSettings {
  return {
    refreshThresholdInMs: random.of([600, 600, 60]) * SECOND,
    passwordMaxAgeInMs: random.of([1, 3, 24]) * HOUR,
    idleEvictionInMs: random.of([2, 5, 168]) * HOUR,
    idleRenewalInMs: 180 * 24 * HOUR,
    leaseInMs: 19 * SECOND,
    maxRefusedPasswords: 3,
    refusalWindowInMs: 10 * MINUTE,
    waitLimitInMs: 18 * SECOND,
    refreshConcurrency: random.of([2, 32]),
    refreshFanoutAbove: random.of([4, 1000]),
    publicUrl: 'https://broker',
  }
}

/** Every minute on one instance; now and then on two, when the timer's lock is lost; and in some hours on none. */
function ticksOf({ seed, durationInMs, slots }: Cast): Stimulus[] {
  const random = createRandom(seed, 'ticks')
  const ticks: Stimulus[] = []
  let stoppedUntil = 0
  for (let at = MINUTE; at < durationInMs; at += MINUTE) {
    const [slot, isDouble] = [random.below(slots), random.isTrue(0.05)]
    if (random.isTrue(0.002)) stoppedUntil = at + random.between(5, 120) * MINUTE
    if (at < stoppedUntil) continue
    ticks.push({ at, kind: 'tick', slot })
    if (isDouble) ticks.push({ at: at + random.below(300), kind: 'tick', slot: random.below(slots) })
  }
  return ticks
}
