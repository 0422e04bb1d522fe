import { isDataOperation, variablesOf } from './data-operation.ts'
import { referencesOf, type Reference } from './expression.ts'
import { textsOf, type Step, type Workflow } from './workflow.ts'

/** What the names in a workflow's expressions stand for. Names are lower case. */
export interface Names {
  readonly action: (name: string) => Step | undefined
  readonly settersOf: (variable: string) => readonly Step[]
  /** The loop whose item a reference reads, where it stands in a step. */
  readonly loopOf: (reference: Reference, step: Step) => Step | undefined
  /** A text, and all that its variables, parameters and data operations hold. */
  readonly valuesOf: (text: string) => readonly string[]
}

export function namesOf({ actions, parameters }: Workflow): Names {
  const byName = new Map(actions.map((action) => [action.name.toLowerCase(), action]))
  const settersOf = (variable: string) => actions.filter((action) => variablesOf(action).includes(variable))
  const parameterOf = (name: string) =>
    Object.entries(parameters).find(([each]) => each.toLowerCase() === name)?.[1].defaultValue

  function heldBy({ from, name }: Reference): readonly { readonly text: string }[] {
    if (from === 'parameter') return textsOf(parameterOf(name))
    if (from === 'variable') return settersOf(name).flatMap(({ inputs }) => textsOf(inputs))
    const action = from === 'action' ? byName.get(name) : undefined
    return action && isDataOperation(action) ? textsOf(action.inputs) : []
  }
  function valuesOf(text: string, seen = new Set<string>()): readonly string[] {
    const values = referencesOf(text).flatMap((reference) => {
      const key = `${reference.from}:${reference.name}`
      if (seen.has(key)) return []
      seen.add(key)
      return heldBy(reference).flatMap((held) => valuesOf(held.text, seen))
    })
    return [text, ...values]
  }
  return {
    action: (name) => byName.get(name),
    settersOf,
    loopOf: ({ from, name }, step) =>
      from === 'loop' ? byName.get(name) : step.around.findLast(({ type }) => type === 'foreach'),
    valuesOf: (text) => valuesOf(text),
  }
}
