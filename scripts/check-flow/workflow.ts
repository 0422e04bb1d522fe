/** The parts of the Workflow Definition Language that the check looks at; Logic Apps and Power Automate share it. */
export interface Workflow {
  /** Where it was found, for messages. */
  readonly name: string
  readonly triggers: readonly Step[]
  /** All of them, those inside scopes, conditions, loops and cases included. */
  readonly actions: readonly Step[]
  readonly parameters: Readonly<Record<string, { readonly type: string; readonly defaultValue: unknown }>>
  /** Of the run as a whole. */
  readonly outputs: unknown
  /** All of it, as it was read. */
  readonly definition: unknown
}

/** A trigger or an action. */
export interface Step {
  readonly name: string
  /** Lower case. */
  readonly type: string
  /** From the definition's root, such as `actions/Scope/actions/Get_token`. */
  readonly path: string
  readonly inputs: unknown
  /** What a loop runs over, or what a switch decides by. */
  readonly subject: unknown
  readonly trackedProperties: unknown
  readonly hasSecureInputs: boolean
  readonly hasSecureOutputs: boolean
  readonly retryPolicy:
    { readonly type: string; readonly count: number; readonly interval: string } | undefined
  /** Scopes, conditions, switches and loops around it, the outermost first. */
  readonly around: readonly Step[]
  /** Names, in lower case, of the actions that have failed whenever this one runs. */
  readonly failed: readonly string[]
}

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const objectOf = (value: unknown): Json => (isObject(value) ? value : {})
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Every workflow in a parsed file, whatever form it was exported in. */
export function workflowsOf(file: string, json: unknown): readonly Workflow[] {
  return definitionsOf(json, '').map(({ where, definition }) => workflowOf(file + where, definition))
}

/** A definition has triggers or actions beside its schema; anything may be around it: an ARM template, a solution, a code view. */
function definitionsOf(json: unknown, where: string): readonly { where: string; definition: Json }[] {
  if (Array.isArray(json)) return json.flatMap((each, at) => definitionsOf(each, `${where}/${at}`))
  if (!isObject(json)) return []
  const isDefinition =
    /workflowdefinition\.json/i.test(textOf(json['$schema'])) ||
    (isObject(json['actions']) && isObject(json['triggers']))
  if (isDefinition) return [{ where: where.replace(/^\/definition$/, ''), definition: json }]
  return Object.entries(json).flatMap(([key, value]) => definitionsOf(value, `${where}/${key}`))
}

function workflowOf(name: string, definition: Json): Workflow {
  return {
    name,
    triggers: Object.entries(objectOf(definition['triggers'])).map(([trigger, value]) =>
      stepOf(trigger, objectOf(value), `triggers/${trigger}`, [], []),
    ),
    actions: actionsOf(definition['actions'], 'actions', []),
    parameters: Object.fromEntries(
      Object.entries(objectOf(definition['parameters'])).map(([parameter, value]) => {
        const { type, defaultValue } = objectOf(value)
        return [parameter, { type: textOf(type).toLowerCase(), defaultValue }]
      }),
    ),
    outputs: definition['outputs'],
    definition,
  }
}

function actionsOf(actions: unknown, path: string, around: readonly Step[]): readonly Step[] {
  const siblings = objectOf(actions)
  return Object.entries(siblings).flatMap(([name, value]) => {
    const action = objectOf(value)
    const own = `${path}/${name}`
    const failed = [...around.flatMap((step) => step.failed), ...failedBefore(name, siblings)]
    const step = stepOf(name, action, own, around, failed)
    const branches: readonly (readonly [string, unknown])[] = [
      ['actions', action['actions']],
      ['else/actions', objectOf(action['else'])['actions']],
      ['default/actions', objectOf(action['default'])['actions']],
      ...Object.entries(objectOf(action['cases'])).map(
        ([label, branch]) => [`cases/${label}/actions`, objectOf(branch)['actions']] as const,
      ),
    ]
    return [
      step,
      ...branches.flatMap(([label, branch]) => actionsOf(branch, `${own}/${label}`, [...around, step])),
    ]
  })
}

/** An action that runs after failures alone knows that it failed, and so does what comes after it. */
function failedBefore(name: string, siblings: Json, seen = new Set<string>()): readonly string[] {
  if (seen.has(name)) return []
  seen.add(name)
  return Object.entries(objectOf(objectOf(siblings[name])['runAfter'])).flatMap(([before, outcomes]) => {
    const after = Array.isArray(outcomes) ? outcomes.map((outcome) => textOf(outcome).toLowerCase()) : []
    const own = after.length === 0 || after.includes('succeeded') ? [] : [before.toLowerCase()]
    return after.includes('skipped') ? own : [...own, ...failedBefore(before, siblings, seen)]
  })
}

function stepOf(
  name: string,
  step: Json,
  path: string,
  around: readonly Step[],
  failed: readonly string[],
): Step {
  const secured = objectOf(objectOf(step['runtimeConfiguration'])['secureData'])['properties']
  const isSecured = (what: string) => Array.isArray(secured) && secured.includes(what)
  // Logic Apps has the policy in the inputs, Power Automate beside them or in the runtime configuration.
  const policy = [
    objectOf(step['inputs'])['retryPolicy'],
    step['retryPolicy'],
    objectOf(step['runtimeConfiguration'])['retryPolicy'],
  ].find((each) => isObject(each))
  const { type, count, interval } = objectOf(policy)
  return {
    name,
    type: textOf(step['type']).toLowerCase(),
    path,
    inputs: step['inputs'],
    subject:
      step['foreach'] ?? (textOf(step['type']).toLowerCase() === 'switch' ? step['expression'] : undefined),
    trackedProperties: step['trackedProperties'],
    hasSecureInputs: isSecured('inputs'),
    hasSecureOutputs: isSecured('outputs'),
    retryPolicy: policy && {
      type: textOf(type).toLowerCase(),
      count: Number(count ?? 4),
      interval: textOf(interval),
    },
    around,
    failed,
  }
}

/** Every text in a value, with its place. Values that hold JSON as text are looked into as well. */
export function textsOf(value: unknown, place = ''): readonly { place: string; text: string }[] {
  if (Array.isArray(value)) return value.flatMap((each, at) => textsOf(each, `${place}/${at}`))
  if (isObject(value)) return Object.entries(value).flatMap(([key, each]) => textsOf(each, `${place}/${key}`))
  if (typeof value !== 'string') return []
  const parsed = /^\s*[{[]/.test(value) ? parsedJson(value) : undefined
  return parsed === undefined ? [{ place, text: value }] : [...textsOf(parsed, place), { place, text: value }]
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
