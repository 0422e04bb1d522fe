import type { Core } from '../src/core-composition.ts'
import type { World } from './world.ts'

/** A process: its core with its memory, its clock, its life. */
export interface Instance {
  readonly name: string
  readonly slot: number
  readonly bornTimestamp: number
  isAlive: boolean
  /** How many calls to the outside it still makes before it dies. */
  callsLeft: number
  readonly now: () => number
  core: Core | undefined
}

/** A call to the outside. */
export interface Call<T> {
  /** Whose: calls about different things have different chances. */
  readonly subject: string
  readonly label: string
  readonly latencyInMs: number
  /** What is done there. Absent: it does not get there. */
  readonly apply?: () => T
  /** What comes back instead of what was done: a value, or an error that it throws. */
  readonly answer?: () => T
}

/**
 * The way from an instance to the outside. A call arrives after half of its latency, and its answer after the other half,
 * if the instance lives to see it. It may die before it sends, or between the two.
 */
export function createWire(world: World, instance: Instance): <T>(call: Call<T>) => Promise<T> {
  const { queue, history } = world

  return <T>({ subject, label, latencyInMs, apply, answer }: Call<T>) =>
    new Promise<T>((resolve, reject) => {
      if (!instance.isAlive) return
      const isLast = instance.callsLeft-- <= 0
      if (isLast && world.chanceOf(subject).isTrue(0.5)) {
        world.kill(instance)
        return
      }
      const thereInMs = Math.ceil(latencyInMs / 2)
      queue.after(thereInMs, () => {
        const outcome = outcomeOf(apply)
        history.note(`${instance.name} ${label}${apply ? textOf(outcome) : ' ✗ lost on its way'}`)
        if (isLast) world.kill(instance)
        queue.after(latencyInMs - thereInMs, () => {
          if (!instance.isAlive) return
          const back = answer ? outcomeOf(answer) : outcome
          if (answer) history.note(`${instance.name} ${label} ✗${textOf(back)}`)
          if ('error' in back) reject(back.error)
          else resolve(back.value as T)
        })
      })
    })
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

function outcomeOf(action: (() => unknown) | undefined): Outcome {
  try {
    return { value: action?.() }
  } catch (error) {
    return { error }
  }
}

function textOf(outcome: Outcome): string {
  if ('error' in outcome) return ` ! ${String(outcome.error)}`
  const { value } = outcome
  if (value === undefined) return ''
  if (typeof value !== 'object' || value === null) return ` → ${JSON.stringify(value)}`
  if (Array.isArray(value)) return ` → ${value.length}`
  const { etag, issued, failure } = value as {
    etag?: string
    issued?: { id: string }
    failure?: { detail: string }
  }
  return ` → ${etag ?? issued?.id ?? failure?.detail ?? 'done'}`
}
