import type { Scenario } from './scenario.ts'
import type { Stimulus } from './stimulus.ts'
import { play, type Outcome, type PlayOptions, type Violation } from './world.ts'

/** A scenario is played again so many times at most. */
const MAX_TRIES = 600

export interface Shrunk {
  readonly scenario: Scenario
  /** With its lines. */
  readonly outcome: Outcome
  readonly tries: number
}

/** Takes away whatever a violation does not need, until nothing more can go, and plays what is left once more. */
export async function shrink(
  scenario: Scenario,
  violation: Violation,
  options: PlayOptions,
): Promise<Shrunk> {
  let tries = 0
  let best = { scenario: endingAt(scenario, scenario.stimuli, violation), violation }

  async function tryWithout(isNeeded: (stimulus: Stimulus, index: number) => boolean): Promise<boolean> {
    const stimuli = best.scenario.stimuli.filter(isNeeded)
    if (stimuli.length === best.scenario.stimuli.length || tries >= MAX_TRIES) return false
    tries++
    const candidate = { ...best.scenario, stimuli }
    const { violation: found } = await play(candidate, options)
    if (found?.invariant !== violation.invariant) return false
    best = { scenario: endingAt(candidate, stimuli, found), violation: found }
    return true
  }

  const concerns = (name: string) => best.violation.subject.split('/').includes(name.toLowerCase())
  await tryWithout((each) => !('user' in each) || concerns(each.user))
  for (const kind of [
    'request',
    'grants',
    'revoke',
    'clock',
    'crash',
    'key',
    'profile',
    'account',
    'tick',
    'outage',
    'password',
  ]) {
    await tryWithout((each) => each.kind !== kind)
  }
  for (let size = best.scenario.stimuli.length >> 1; size >= 1; size = size === 1 ? 0 : (size + 1) >> 1) {
    // From the end: what came last is needed most, and what goes there shifts nothing before it.
    for (
      let end = best.scenario.stimuli.length;
      end > 0;
      end = Math.min(end - size, best.scenario.stimuli.length)
    ) {
      const [from, to] = [end - size, end]
      await tryWithout((_, index) => index < from || index >= to)
    }
  }
  const outcome = await play(best.scenario, { ...options, isHistoryKept: true })
  return { scenario: best.scenario, outcome, tries }
}

function endingAt(scenario: Scenario, stimuli: readonly Stimulus[], { at }: Violation): Scenario {
  return { ...scenario, durationInMs: at, stimuli: stimuli.filter((stimulus) => stimulus.at <= at) }
}
