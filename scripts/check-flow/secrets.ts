import { referencesOf, type Reference } from './expression.ts'
import { textsOf, type Step, type Workflow } from './workflow.ts'

/** The token, or what asks for it: a password or a function key. */
export type Secret = 'token' | 'password'

/** The ways that secrets take through a workflow. */
export interface SecretFlow {
  /** Calls of the broker. */
  readonly tokenActions: readonly Step[]
  /** Other actions whose outputs hold a secret. */
  readonly holders: ReadonlyMap<Step, Secret>
  /** Names, in lower case, of the parameters that a password or a key is taken from. */
  readonly parameters: ReadonlySet<string>
  /** Data operations and variables that a password or a key is taken from. */
  readonly carriers: ReadonlySet<Step>
  readonly comesWithTrigger: boolean
  /** Which secret a text shows where it stands in a step. */
  readonly shownIn: (text: string, step: Step) => Secret | undefined
  /** A text, and what its variables, parameters and data operations hold. */
  readonly valuesOf: (text: string) => readonly string[]
}

export const SECRET_NAME =
  /pass(word|wd|phrase)?$|pwd$|secret$|^authorization$|function-?s?-?key$|^x-functions-key$|api-?key$|^access_?token$/i

/** Actions that hand on what goes into them, and show it. */
export const DATA_OPERATIONS: Readonly<Record<string, string>> = {
  parsejson: 'Parse JSON',
  compose: 'Compose',
  initializevariable: 'Initialize variable',
  setvariable: 'Set variable',
  appendtostringvariable: 'Append to string variable',
  appendtoarrayvariable: 'Append to array variable',
  select: 'Select',
  query: 'Filter array',
  join: 'Join',
  table: 'Create table',
}

/** What an answer of the broker holds beside the token, and what a run says of an action. */
const HARMLESS = new Set(
  'error description remedy aadsts retryable retry_after_seconds correlation_id action expires_on expires_in token_type warnings headers status statuscode code message name starttime endtime'.split(
    ' ',
  ),
)
const ENVELOPE = new Set(['outputs', 'body', 'value'])

const ENTRA_ID = /\blogin\.(microsoftonline|windows|chinacloudapi|partner)\b/i

const isDataOperation = ({ type }: Step): boolean => type in DATA_OPERATIONS

/** Lower case. */
export function variablesOf({ type, inputs }: Step): readonly string[] {
  if (!type.includes('variable')) return []
  return textsOf(inputs)
    .filter(({ place }) => /^(\/variables\/\d+)?\/name$/i.test(place))
    .map(({ text }) => text.toLowerCase())
}

const referencesIn = (value: unknown): readonly Reference[] =>
  textsOf(value).flatMap(({ text }) => referencesOf(text))

/** What of an action's inputs is secret: fields of such a name, and from where a password begins in a body that is one text. */
export function secretTextsOf({ inputs }: Step): readonly { place: string; text: string }[] {
  return textsOf(inputs).flatMap(({ place, text }) => {
    if (/^\/queries\/code$/i.test(place) || /\/authentication\/value$/i.test(place)) return [{ place, text }]
    if (SECRET_NAME.test(place.split('/').at(-1) ?? '')) return [{ place, text }]
    if (!/^\/body$/i.test(place)) return []
    const at = text.search(/password["']?\s*[=:]/i)
    return [{ place, text: at === -1 ? text : `${text.startsWith('@') ? '@' : ''}${text.slice(at)}` }]
  })
}

export function secretFlowOf(workflow: Workflow): SecretFlow {
  const { actions } = workflow
  const byName = new Map(actions.map((action) => [action.name.toLowerCase(), action]))
  const settersOf = (variable: string) => actions.filter((action) => variablesOf(action).includes(variable))
  const loopOf = ({ from, name }: Reference, step: Step) =>
    from === 'loop' ? byName.get(name) : step.around.findLast(({ type }) => type === 'foreach')

  const tokenActions = actions.filter((action) => callsBroker(action, valuesOf))
  const holders = new Map<Step, Secret>()
  /** Of holders of passwords: which of their fields are secret. */
  const fields = new Map<Step, Set<string>>()
  const carriers = new Set<Step>()
  const loops = new Set<Step>()
  const parameters = new Set<string>()
  let comesWithTrigger = false

  function valuesOf(text: string, depth = 3): readonly string[] {
    if (depth === 0) return [text]
    const values = referencesOf(text).flatMap(({ from, name }) => {
      if (from === 'parameter') return textsOf(parameterOf(workflow, name)?.defaultValue)
      if (from === 'variable') return settersOf(name).flatMap(({ inputs }) => textsOf(inputs))
      const action = from === 'action' ? byName.get(name) : undefined
      return action && isDataOperation(action) ? textsOf(action.inputs) : []
    })
    return [text, ...values.flatMap((value) => valuesOf(value.text, depth - 1))]
  }

  function hold(action: Step, secret: Secret, field: string): void {
    if (tokenActions.includes(action)) return
    holders.set(action, secret)
    fields.set(action, (fields.get(action) ?? new Set()).add(field))
  }

  /** To where a password or a key comes from. */
  function trace(reference: Reference, step: Step): void {
    const { from, name, path } = reference
    const carry = (carrier: Step) => {
      if (carriers.has(carrier)) return
      carriers.add(carrier)
      referencesIn(carrier.inputs).forEach((each) => trace(each, carrier))
    }
    if (from === 'parameter') parameters.add(name)
    else if (from === 'trigger') comesWithTrigger = true
    else if (from === 'variable') settersOf(name).forEach(carry)
    else if (from === 'action') {
      const action = byName.get(name)
      if (action && isDataOperation(action)) carry(action)
      else if (action) hold(action, 'password', path.findLast((each) => !ENVELOPE.has(each)) ?? '')
    } else if (from === 'loop' || from === 'item') {
      const loop = loopOf(reference, step)
      if (!loop || loops.has(loop)) return
      loops.add(loop)
      referencesIn(loop.subject).forEach((each) => trace({ ...each, path }, loop))
    }
  }

  for (const action of tokenActions) {
    const texts = secretTextsOf(action).flatMap(({ text }) => referencesOf(text))
    texts.forEach((reference) => trace(reference, action))
  }
  actions.filter(readsVault).forEach((action) => hold(action, 'password', ''))
  for (const { from, name, path } of actions.flatMap(({ inputs }) => referencesIn(inputs))) {
    const action = from === 'action' ? byName.get(name) : undefined
    const isToken = path.some((each) => /^access_?token$/.test(each))
    if (isToken && action && !isDataOperation(action)) hold(action, 'token', '')
  }

  /** By what an expression reads it: `action:`, `variable:` or `loop:` and the name. */
  const secrets = new Map<string, Secret>([
    ...tokenActions.map(({ name }) => [`action:${name.toLowerCase()}`, 'token'] as const),
    ...[...holders].map(([{ name }, secret]) => [`action:${name.toLowerCase()}`, secret] as const),
  ])

  function secretOf(reference: Reference, step: Step): Secret | undefined {
    const { from, name, path } = reference
    if (from === 'scope') {
      const inside = actions.filter(({ around }) => around.some((each) => each.name.toLowerCase() === name))
      return inside.map((each) => secrets.get(`action:${each.name.toLowerCase()}`)).find(Boolean)
    }
    const isOfRequest = path.includes('inputs')
    if (from === 'action' && step.failed.includes(name) && !isOfRequest) return undefined
    const loop = from === 'item' ? loopOf(reference, step)?.name.toLowerCase() : undefined
    const secret = secrets.get(loop === undefined ? `${from}:${name}` : `loop:${loop}`)
    if (secret === undefined || isOfRequest) return secret
    const action = from === 'action' ? byName.get(name) : undefined
    const secretFields = secret === 'password' && action ? fields.get(action) : undefined
    const selected = path.filter((each) => !ENVELOPE.has(each))
    const isOther = secretFields
      ? selected.length > 0 && !selected.some((each) => secretFields.has(each))
      : selected.some((each) => HARMLESS.has(each))
    return isOther ? undefined : secret
  }
  const shownIn = (text: string, step: Step) =>
    referencesOf(text)
      .map((reference) => secretOf(reference, step))
      .find(Boolean)
  const shownInAny = (value: unknown, step: Step) =>
    textsOf(value)
      .map(({ text }) => shownIn(text, step))
      .find(Boolean)

  // A secret may go through several hands.
  for (let size = -1; size !== secrets.size;) {
    size = secrets.size
    for (const action of actions) {
      const inLoop = shownInAny(action.subject, action)
      if (inLoop) secrets.set(`loop:${action.name.toLowerCase()}`, inLoop)
      const secret = isDataOperation(action)
        ? (shownInAny(action.inputs, action) ?? (carriers.has(action) ? 'password' : undefined))
        : undefined
      if (!secret) continue
      secrets.set(`action:${action.name.toLowerCase()}`, secret)
      variablesOf(action).forEach((name) => secrets.set(`variable:${name}`, secret))
    }
  }
  return { tokenActions, holders, parameters, carriers, comesWithTrigger, shownIn, valuesOf }
}

export function parameterOf(
  { parameters }: Workflow,
  name: string,
): Workflow['parameters'][string] | undefined {
  return Object.entries(parameters).find(([each]) => each.toLowerCase() === name)?.[1]
}

/** By its address, as a function of a function app, or through the custom connector. */
function callsBroker({ inputs }: Step, valuesOf: (text: string) => readonly string[]): boolean {
  return textsOf(inputs).some(
    ({ place, text }) =>
      (/\/(uri|url|path)$/i.test(place) &&
        valuesOf(text).some(
          (value) => /(^|\/)(requesttoken|oauth2\/token)\b/i.test(value) && !ENTRA_ID.test(value),
        )) ||
      (/\/function\/id$/i.test(place) && /\/functions\/(requesttoken|token)$/i.test(text)) ||
      (/\/operationId$/i.test(place) && /^(get|request)token$/i.test(text)),
  )
}

/** Key Vault, by its connectors or its address, and the secrets behind environment variables. */
function readsVault({ inputs }: Step): boolean {
  return textsOf(inputs).some(
    ({ place, text }) =>
      (/\/operationId$/i.test(place) && /^getSecret$/i.test(text)) ||
      (/\/(uri|path)$/i.test(place) && /(\.vault\.azure\.net|^)\/secrets\//i.test(text)) ||
      /^RetrieveEnvironmentVariableSecretValue$/i.test(text),
  )
}
