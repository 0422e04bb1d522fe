import { isDataOperation, variablesOf } from './data-operation.ts'
import { referencesOf, type Reference } from './expression.ts'
import { namesOf, type Names } from './names.ts'
import { ENVELOPE, referencesIn, trailOf, type Trail } from './trail.ts'
import { textsOf, type Step, type Workflow } from './workflow.ts'

/** The token, or what asks for it: a password or a function key. */
export type Secret = 'token' | 'password'

/** The ways that secrets take through a workflow. */
export interface SecretFlow {
  /** Calls of the broker. */
  readonly tokenActions: readonly Step[]
  /** Other actions whose outputs hold a secret. */
  readonly holders: ReadonlyMap<Step, Secret>
  readonly trail: Trail
  readonly names: Names
  /** Which secret a text shows where it stands in a step. */
  readonly shownIn: (text: string, step: Step) => Secret | undefined
}

/** What an answer of the broker holds beside the token, and what a run says of an action. */
const HARMLESS =
  /^(error|description|remedy|aadsts|retryable|retry_after_seconds|correlation_id|action|expires_on|expires_in|token_type|warnings|headers|status|statuscode|code|message|name|starttime|endtime)$/
const ENTRA_ID = /\blogin\.(microsoftonline|windows|chinacloudapi|partner)\b/i

export function secretFlowOf(workflow: Workflow): SecretFlow {
  const { actions } = workflow
  const names = namesOf(workflow)
  const tokenActions = actions.filter((action) => callsBroker(action, names))
  const trail = trailOf(tokenActions, names)
  const holders = new Map<Step, Secret>([
    ...[...trail.holders.keys(), ...actions.filter(readsVault)].map((step) => [step, 'password'] as const),
    ...tokensRead(actions, names).map((step) => [step, 'token'] as const),
  ])
  tokenActions.forEach((action) => holders.delete(action))
  return {
    tokenActions,
    holders,
    trail,
    names,
    shownIn: shownBy(actions, tokenActions, holders, trail, names),
  }
}

/** By its address, as a function of a function app, or through the custom connector. */
function callsBroker({ inputs }: Step, { valuesOf }: Names): boolean {
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

/** Whatever it is: somebody reads a token from its answer. */
function tokensRead(actions: readonly Step[], names: Names): readonly Step[] {
  return actions
    .flatMap(({ inputs }) => referencesIn(inputs))
    .filter(({ from, path }) => from === 'action' && path.some((each) => /^access_?token$/.test(each)))
    .flatMap(({ name }) => names.action(name) ?? [])
    .filter((action) => !isDataOperation(action))
}

function shownBy(
  actions: readonly Step[],
  tokenActions: readonly Step[],
  holders: SecretFlow['holders'],
  trail: Trail,
  names: Names,
): SecretFlow['shownIn'] {
  /** By what an expression reads it: `action:`, `variable:` or `loop:` and the name. */
  const secrets = new Map<string, Secret>()
  const mark = (from: Reference['from'], name: string, secret: Secret) =>
    void secrets.set(`${from}:${name.toLowerCase()}`, secret)
  tokenActions.forEach(({ name }) => mark('action', name, 'token'))
  holders.forEach((secret, { name }) => mark('action', name, secret))
  trail.carriers.forEach((carrier) => markOperation(carrier, 'password'))

  function markOperation(action: Step, secret: Secret): void {
    mark('action', action.name, secret)
    variablesOf(action).forEach((variable) => mark('variable', variable, secret))
  }
  function inScope(name: string): Secret | undefined {
    const inside = actions.filter(({ around }) => around.some((each) => each.name.toLowerCase() === name))
    return inside.map((each) => secrets.get(`action:${each.name.toLowerCase()}`)).find(Boolean)
  }
  /** Whether something else is selected from what holds the secret. */
  function isOther({ from, name, path }: Reference, secret: Secret): boolean {
    if (path.includes('inputs')) return false
    const action = from === 'action' ? names.action(name) : undefined
    const selected = path.filter((each) => !ENVELOPE.has(each))
    if (secret === 'token' || !action || isDataOperation(action)) {
      return selected.some((each) => HARMLESS.test(each))
    }
    return selected.length > 0 && !selected.some((each) => trail.holders.get(action)?.has(each))
  }
  function secretOf(reference: Reference, step: Step): Secret | undefined {
    const { from, name, path } = reference
    if (from === 'scope') return inScope(name)
    // The answer of a failed sign-in holds no token.
    if (from === 'action' && step.failed.includes(name) && !path.includes('inputs')) return undefined
    const loop = from === 'item' ? names.loopOf(reference, step)?.name.toLowerCase() : undefined
    const secret = secrets.get(loop === undefined ? `${from}:${name}` : `loop:${loop}`)
    return secret && !isOther(reference, secret) ? secret : undefined
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
      if (inLoop) mark('loop', action.name, inLoop)
      const secret = isDataOperation(action) ? shownInAny(action.inputs, action) : undefined
      if (secret) markOperation(action, secret)
    }
  }
  return shownIn
}
