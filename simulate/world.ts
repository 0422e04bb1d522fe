import type { ConnectionGrant } from '../src/core/client-profile.ts'
import type { HintChunk } from '../src/core/pre-refresh/chunk-queue.ts'
import type { CoreModule } from './core-module.ts'
import { createConnecting } from './connecting.ts'
import { createEntra, type Entra } from './entra.ts'
import { createEventQueue, type EventQueue } from './event-queue.ts'
import { createFacts, type Facts } from './facts.ts'
import type { Answer, Happening } from './happening.ts'
import { createHistory, type History } from './history.ts'
import type { Instance } from './instance.ts'
import type { Invariant } from './invariants.ts'
import { createPorts } from './ports.ts'
import { createStreams, type Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { MINUTE, passwordOf, SECOND, type Outage, type Registration, type Stimulus } from './stimulus.ts'
import { createStorage, type Storage } from './storage.ts'

/** An ordinary Monday. */
const START_TIMESTAMP = 1_764_000_000_000
const RESTART_IN_MS = 3 * SECOND
/** A message that is not done by then comes again. */
const VISIBILITY_TIMEOUT_IN_MS = 10 * MINUTE

/** What the vault says of a client. */
export interface Profile {
  /** `undefined`: it is gone. */
  readonly audience: string | undefined
  readonly clientId: string
  readonly grants: readonly ConnectionGrant[]
}

export interface World {
  readonly scenario: Scenario
  readonly core: CoreModule
  readonly queue: EventQueue
  readonly history: History
  readonly storage: Storage
  readonly entra: Entra
  readonly facts: Facts
  readonly chanceOf: (subject: string) => Random
  /** One of the kinds when a call of the subject is to fail. */
  readonly faultOf: <T>(of: Outage, subject: string, kinds: readonly T[]) => T | undefined
  readonly observe: (happening: Happening) => void
  readonly kill: (instance: Instance) => void
  readonly deliver: (chunk: HintChunk) => void
  readonly registrationOf: (client: string) => Registration
  readonly profileOf: (client: string) => Profile | undefined
  readonly audienceOf: (client: string) => string | undefined
  readonly keyVersion: () => number
  readonly isEnabled: (keyVersion: number) => boolean
}

export interface Violation {
  readonly invariant: string
  readonly what: string
  /** Milliseconds since the beginning. */
  readonly at: number
  /** Of the entry or the user that it is about. */
  readonly subject: string
}

export interface Outcome {
  readonly hash: string
  readonly violation: Violation | undefined
  readonly lines: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

export interface PlayOptions {
  readonly core: CoreModule
  /** By the name of the promise. */
  readonly invariants: Readonly<Record<string, Invariant>>
  readonly isHistoryKept?: boolean
}

/** Plays a scenario until its end or the first violation. */
export async function play(
  scenario: Scenario,
  { core, invariants, isHistoryKept = false }: PlayOptions,
): Promise<Outcome> {
  const queue = createEventQueue(START_TIMESTAMP)
  const { time } = queue
  const history = createHistory(START_TIMESTAMP, time, isHistoryKept)
  const chanceOf = createStreams(scenario.seed)
  const storage = createStorage()
  const entra = createEntra(time, (user) => passwordOf(user, 0))
  const facts = createFacts(time, (user, password) =>
    entra.accountOf(user).passwords.some((known) => known.password === password),
  )
  const registrations = new Map(scenario.registrations.map((each) => [each.client, each]))
  const profiles = new Map<string, Profile>()
  const outages = new Map<Outage, { readonly rate: number; readonly until: number }>()
  const instances: Instance[] = []
  const skews = Array.from({ length: scenario.slots }, () => 0)
  const births = skews.map(() => 0)
  const counts: Record<string, number> = {}
  const key = { version: 1, oldest: 1 }
  let violation: Violation | undefined

  const checks = Object.entries(invariants)
  const count = (what: string) => void (counts[what] = (counts[what] ?? 0) + 1)

  function observe(happening: Happening): void {
    for (const [invariant, check] of checks) {
      const what = check(happening, world)
      if (what && !violation) {
        violation = { invariant, at: time() - START_TIMESTAMP, ...what }
        history.note(`VIOLATION ${invariant}: ${what.what}`)
      }
    }
    facts.note(happening)
  }

  function kill(instance: Instance): void {
    if (!instance.isAlive) return
    instance.isAlive = false
    count('crashes')
    history.note(`${instance.name} dies`)
    observe({ kind: 'death', instance: instance.name })
    observe({ kind: 'disturbed', until: time() })
    queue.after(RESTART_IN_MS, () => start(instance.slot))
  }

  function start(slot: number): void {
    const instance: Instance = {
      name: `i${slot}.${(births[slot] = (births[slot] ?? 0) + 1)}`,
      slot,
      // The monotonic clock of a machine that has been up for a while.
      bornTimestamp: time() - 10 * MINUTE,
      isAlive: true,
      callsLeft: Infinity,
      now: () => time() + (skews[slot] ?? 0),
      core: undefined,
    }
    instance.core = core.composeCore(createPorts(world, instance), scenario.settings)
    instances[slot] = instance
  }

  const livingAt = (slot: number) => {
    const instance = instances[slot]
    return instance?.isAlive && instance.core ? { instance, core: instance.core } : undefined
  }

  function deliver(chunk: HintChunk, tries = 0): void {
    storage.messages.add(chunk)
    const chance = chanceOf('messages')
    const isDouble = chance.isTrue(0.05)
    for (let copy = 0; copy <= Number(isDouble); copy++) {
      queue.after(chance.between(50, 2000), () => void workOff(chunk, chance.below(scenario.slots)))
    }
    queue.after(VISIBILITY_TIMEOUT_IN_MS, () => {
      if (!storage.messages.has(chunk)) return
      storage.messages.delete(chunk)
      if (tries < 4) deliver(chunk, tries + 1)
    })
  }

  async function workOff(chunk: HintChunk, slot: number): Promise<void> {
    const living = livingAt(slot)
    if (!living) return
    const limits = {
      horizonTimestamp: chunk.horizonTimestamp,
      endTimestamp: living.instance.now() + 4 * MINUTE,
      correlationId: '',
    }
    await living.core.sweep(chunk.hints, limits)
    if (living.instance.isAlive) storage.messages.delete(chunk)
  }

  async function tick(slot: number): Promise<void> {
    const living = livingAt(slot)
    if (!living) return
    count('ticks')
    try {
      await living.core.tick({ periodInMs: MINUTE, timeLimitInMs: 4 * MINUTE, correlationId: '' })
    } catch {
      // The index could not be read; the next tick does what this one could not.
    }
  }

  async function request(asked: Extract<Stimulus, { kind: 'request' }>): Promise<void> {
    const living = livingAt(asked.slot)
    if (!living) return
    const { instance } = living
    const user = asked.user.toLowerCase()
    const about = {
      instance: instance.name,
      key: `${asked.client}/${user}`,
      user,
      client: asked.client,
      password: asked.password,
      minValidInMs: asked.minValidInMs,
      startTimestamp: time(),
    }
    const name = `${instance.name} is asked for ${about.key} by ${asked.password}`
    history.note(name)
    observe({ kind: 'request', key: about.key })
    let result: Pick<Answer, 'brokered' | 'error'>
    try {
      result = {
        brokered: await living.core.tokenSource({ ...asked, username: asked.user, correlationId: '' }),
      }
    } catch (error) {
      result = { error }
    }
    if (!instance.isAlive) return
    const text = answerTextOf(result)
    count(text)
    history.note(`${name}, answers ${text} ${result.brokered?.token.value ?? ''}`)
    observe({ kind: 'answer', answer: { ...about, ...result, instanceTimestamp: instance.now() } })
  }

  function apply(stimulus: Stimulus): void {
    if (stimulus.kind === 'request') return void request(stimulus)
    if (stimulus.kind === 'tick') return void tick(stimulus.slot)
    if (stimulus.kind === 'ask') return void connecting.ask(stimulus)
    history.note(`-- ${Object.values({ ...stimulus, at: '' }).join(' ')}`)
    switch (stimulus.kind) {
      case 'crash': {
        const instance = instances[stimulus.slot]
        if (instance) instance.callsLeft = stimulus.afterCalls
        break
      }
      case 'clock':
        skews[stimulus.slot] = stimulus.skewInMs
        observe({ kind: 'clocks', spreadInMs: Math.max(...skews) - Math.min(...skews) })
        observe({ kind: 'disturbed', until: time() })
        break
      case 'outage':
        outages.set(stimulus.of, { rate: stimulus.rate, until: START_TIMESTAMP + stimulus.until })
        observe({ kind: 'disturbed', until: START_TIMESTAMP + stimulus.until, of: stimulus.of })
        break
      case 'password':
        entra.changePassword(stimulus.user, stimulus.password)
        break
      case 'account':
        entra.accountOf(stimulus.user).state = stimulus.state
        observe({ kind: 'account', user: stimulus.user })
        break
      case 'profile':
        changeProfile(stimulus.client, stimulus)
        break
      case 'grants':
        changeProfile(stimulus.client, stimulus)
        break
      case 'revoke':
        entra.revoke(stimulus.user)
        observe({ kind: 'revoked', user: stimulus.user })
        break
      case 'connect':
      case 'secret':
      case 'disconnect':
        void connecting.operate(stimulus)
        break
      case 'sign_in':
        void connecting.signIn(stimulus)
        break
      case 'key':
        Object.assign(key, { version: stimulus.version, oldest: stimulus.oldest })
        observe({ kind: 'keys' })
        observe({ kind: 'disturbed', until: time() })
        break
    }
  }

  function changeProfile(client: string, change: Partial<Profile>): void {
    const { audience, clientId = client, grants = [] } = { ...profiles.get(client), ...change }
    const profile = { audience, clientId, grants }
    profiles.set(client, profile)
    observe({ kind: 'profile', client, ...profile })
    observe({ kind: 'disturbed', until: time() })
  }

  /** Each arranges the next: the queue stays short. */
  function follow(index: number): void {
    const stimulus = scenario.stimuli[index]
    if (!stimulus) return
    queue.after(START_TIMESTAMP + stimulus.at - time(), () => {
      apply(stimulus)
      follow(index + 1)
    })
  }

  const world: World = {
    scenario,
    core,
    queue,
    history,
    storage,
    entra,
    facts,
    chanceOf,
    faultOf(of, subject, kinds) {
      const chance = chanceOf(`${of} ${subject}`)
      const isHit = chance.next()
      const kind = chance.of(kinds)
      const outage = outages.get(of)
      return outage && time() < outage.until && isHit < outage.rate ? kind : undefined
    },
    observe,
    kill,
    deliver,
    registrationOf(client) {
      const registration = registrations.get(client)
      if (!registration) throw new RangeError(`no registration ${client}`)
      return registration
    },
    profileOf: (client) => profiles.get(client),
    audienceOf: (client) => profiles.get(client)?.audience,
    keyVersion: () => key.version,
    isEnabled: (version) => version >= key.oldest && version <= key.version,
  }
  for (const { client, grants } of scenario.registrations) {
    const profile = { audience: `${client}@0`, clientId: client, grants }
    profiles.set(client, profile)
    observe({ kind: 'profile', client, ...profile })
  }
  const connecting = createConnecting(world, livingAt, count)
  for (let slot = 0; slot < scenario.slots; slot++) start(slot)
  follow(0)
  await queue.run(START_TIMESTAMP + scenario.durationInMs, () => violation !== undefined)
  return { hash: history.hash(), violation, lines: history.lines(), counts }
}

function answerTextOf({ brokered, error }: Pick<Answer, 'brokered' | 'error'>): string {
  if (brokered)
    return [brokered.source, brokered.action, ...brokered.warnings.map(({ code }) => code)].join(', ')
  return (error as { code?: string }).code ?? String(error)
}
