import { isDataOperation } from './data-operation.ts'
import { referencesOf, type Reference } from './expression.ts'
import type { Names } from './names.ts'
import { textsOf, type Step } from './workflow.ts'

/** Where the passwords and keys of calls of the broker come from. */
export interface Trail {
  /** Actions that hold them, each with the fields that are read, in lower case; '' where all of the answer is. */
  readonly holders: ReadonlyMap<Step, ReadonlySet<string>>
  /** Data operations and variables on the way. */
  readonly carriers: ReadonlySet<Step>
  /** Lower case. */
  readonly parameters: ReadonlySet<string>
  readonly comesWithTrigger: boolean
}

export const SECRET_NAME =
  /pass(word|wd|phrase)?$|pwd$|secret$|^authorization$|function-?s?-?key$|^x-functions-key$|api-?key$|^access_?token$/i

/** What an answer is wrapped in, which says nothing of what is selected from it. */
export const ENVELOPE = new Set(['outputs', 'body', 'value'])

export const referencesIn = (value: unknown): readonly Reference[] =>
  textsOf(value).flatMap(({ text }) => referencesOf(text))

/** What of an action's inputs is secret: fields of such a name, and a body that is one text, from where its password begins. */
function secretTextsOf({ inputs }: Step): readonly string[] {
  return textsOf(inputs).flatMap(({ place, text }) => {
    if (/\/(queries\/code|authentication\/value)$/i.test(place)) return text
    if (SECRET_NAME.test(place.split('/').at(-1) ?? '')) return text
    if (!/^\/body$/i.test(place)) return []
    const at = text.search(/password["']?\s*[=:]/i)
    return at === -1 ? text : `${text.startsWith('@') ? '@' : ''}${text.slice(at)}`
  })
}

export function trailOf(tokenActions: readonly Step[], names: Names): Trail {
  const holders = new Map<Step, Set<string>>()
  const carriers = new Set<Step>()
  const loops = new Set<Step>()
  const parameters = new Set<string>()
  let comesWithTrigger = false

  function carry(carrier: Step): void {
    if (carriers.has(carrier)) return
    carriers.add(carrier)
    referencesIn(carrier.inputs).forEach((each) => follow(each, carrier))
  }
  function follow(reference: Reference, step: Step): void {
    const { from, name, path } = reference
    if (from === 'parameter') parameters.add(name)
    if (from === 'trigger') comesWithTrigger = true
    if (from === 'variable') names.settersOf(name).forEach(carry)
    const action = from === 'action' ? names.action(name) : undefined
    if (action && isDataOperation(action)) carry(action)
    else if (action && !tokenActions.includes(action)) {
      const field = path.findLast((each) => !ENVELOPE.has(each)) ?? ''
      holders.set(action, (holders.get(action) ?? new Set()).add(field))
    }
    const loop = from === 'loop' || from === 'item' ? names.loopOf(reference, step) : undefined
    if (loop && !loops.has(loop)) {
      loops.add(loop)
      referencesIn(loop.subject).forEach((each) => follow({ ...each, path }, loop))
    }
  }
  for (const action of tokenActions) {
    referencesIn(secretTextsOf(action)).forEach((reference) => follow(reference, action))
  }
  return { holders, carriers, parameters, comesWithTrigger }
}
