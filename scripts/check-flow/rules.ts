import { textsOf, type Step, type Workflow } from './workflow.ts'

export interface Finding {
  readonly rule: string
  /** From the definition's root. */
  readonly place: string
  readonly problem: string
  readonly cure: string
}

const SECRET_NAME =
  /pass(word|wd|phrase)?$|^pwd$|secret$|^authorization$|function-?s?-?key$|^x-functions-key$|api-?key$|^access_?token$/i
/** Actions that show what goes through them, whatever was hidden before. */
const SHOWS_ITS_INPUTS: Readonly<Record<string, string>> = {
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
const MAX_RETRIES = 4
const MIN_INTERVAL_IN_SECONDS = 10

/** Everything that shows a secret in a run history, or lets a flow hammer an account. */
export function findingsOf(workflow: Workflow): readonly Finding[] {
  const { actions, triggers, parameters } = workflow
  const tokenActions = actions.filter(isTokenAction)
  const isTainted = taintOf(workflow, tokenActions)
  return [
    ...[...triggers, ...actions].flatMap(literalSecrets),
    ...Object.entries(parameters).flatMap(([name, parameter]) => openParameter(name, parameter)),
    ...tokenActions.flatMap((action) => openTokenAction(action)),
    ...tokenActions.flatMap(hammering),
    ...[...triggers, ...actions].flatMap(keysInQueries),
    ...actions
      .filter((action) => !tokenActions.includes(action))
      .flatMap((action) => consumer(action, isTainted)),
    ...triggers.flatMap((trigger) => openTrigger(trigger, tokenActions)),
  ]
}

/** A call of the broker: by its address, as a function of a function app, or through the custom connector. */
function isTokenAction({ inputs }: Step): boolean {
  return textsOf(inputs).some(
    ({ place, text }) =>
      (/\/(uri|path)$/i.test(place) && /\/(requesttoken|oauth2\/token)\b/i.test(text)) ||
      (/\/function\/id$/i.test(place) && /\/functions\/(requesttoken|token)$/i.test(text)) ||
      (/\/operationId$/i.test(place) && /^requesttoken$/i.test(text)),
  )
}

/** A text that is not computed, or that has something written between what is. */
function isLiteral(text: string): boolean {
  const fixed = text.replaceAll(/@\{[^}]*\}/g, '')
  if (/^@[^@{]/.test(text)) return false
  return fixed.replace(/^(bearer|basic|sharedkey)\s*/i, '').trim() !== ''
}

function literalSecrets(step: Step): readonly Finding[] {
  return textsOf(step.inputs).flatMap(({ place, text }) => {
    const name = place.split('/').at(-1) ?? ''
    const isForm = /grant_type=password/i.test(text)
    const inForm = isForm && isLiteral(/(?:^|&)password=([^&]*)/i.exec(text)?.[1] ?? '')
    const inCall = /(?:base64|concat)\(\s*'[^']*:[^']+'/i.test(text) && /authorization$/i.test(place)
    const isVariable = /value$/i.test(name) && SECRET_NAME.test(variableOf(step))
    const isNamed = SECRET_NAME.test(name) && !/\/queries\/code$/i.test(place)
    if (!(inForm || inCall || ((isNamed || isVariable) && isLiteral(text)))) return []
    return [
      {
        rule: 'literal-secret',
        place: `${step.path}/inputs${place}`,
        problem: 'A secret is written into the definition, where everybody who may read the flow reads it.',
        cure: 'Take it from Key Vault or from a secure parameter (type securestring).',
      },
    ]
  })
}

function variableOf({ inputs }: Step): string {
  const named = textsOf(inputs).find(({ place }) => /(^|\/)name$/i.test(place))
  return named?.text ?? ''
}

function openParameter(
  name: string,
  { type, defaultValue }: { type: string; defaultValue: unknown },
): readonly Finding[] {
  if (!SECRET_NAME.test(name)) return []
  const findings: Finding[] = []
  if (type !== 'securestring' && type !== 'secureobject') {
    findings.push({
      rule: 'open-parameter',
      place: `parameters/${name}`,
      problem: `The parameter has the type ${type || 'string'}, which is shown with the definition and in runs.`,
      cure: 'Give it the type securestring.',
    })
  }
  if (typeof defaultValue === 'string' && defaultValue !== '' && isLiteral(defaultValue)) {
    findings.push({
      rule: 'literal-secret',
      place: `parameters/${name}/defaultValue`,
      problem: 'A secret is written into the definition as a default value.',
      cure: 'Leave the default out, and give the value at deployment or from Key Vault.',
    })
  }
  return findings
}

function openTokenAction({ path, hasSecureInputs, hasSecureOutputs }: Step): readonly Finding[] {
  const open = (rule: string, what: string, holds: string): Finding => ({
    rule,
    place: path,
    problem: `Secure ${what} are off: the run history shows ${holds}.`,
    cure: `Turn on Secure ${what} in the action's settings (runtimeConfiguration.secureData.properties).`,
  })
  return [
    ...(hasSecureInputs ? [] : [open('open-inputs', 'Inputs', 'the user name, the password and the key')]),
    ...(hasSecureOutputs ? [] : [open('open-outputs', 'Outputs', 'the token')]),
  ]
}

function hammering({ path, retryPolicy, untils }: Step): readonly Finding[] {
  const findings: Finding[] = []
  if (retryPolicy && retryPolicy.type !== 'none') {
    const isOften = retryPolicy.count > MAX_RETRIES
    const isFast = secondsOf(retryPolicy.interval) < MIN_INTERVAL_IN_SECONDS
    if (isOften || isFast) {
      findings.push({
        rule: 'hammering-retry',
        place: `${path}/retryPolicy`,
        problem: 'The retry policy repeats the sign-in often or fast.',
        cure: 'Use the type exponential with an interval of PT10S or more and a count of 4 or less, or none.',
      })
    }
  }
  const [loop] = untils
  if (loop !== undefined) {
    findings.push({
      rule: 'sign-in-loop',
      place: path,
      problem: `The sign-in is inside the Until loop ${loop}, which repeats a wrong password as well.`,
      cure: 'Leave repeating to the retry policy; after an error whose retryable is false, stop.',
    })
  }
  return findings
}

/** ISO 8601, as far as retry policies use it. An interval that is not said is the platform's. */
function secondsOf(interval: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(interval) ?? []
  if (interval === '') return Number.POSITIVE_INFINITY
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
}

function keysInQueries(step: Step): readonly Finding[] {
  return textsOf(step.inputs)
    .filter(
      ({ place, text }) =>
        (/\/(uri|path)$/i.test(place) && /[?&]code=/i.test(text) && isOfFunctions(step, text)) ||
        (/\/queries\/code$/i.test(place) && isOfFunctions(step, '')),
    )
    .map(({ place }) => ({
      rule: 'key-in-query',
      place: `${step.path}/inputs${place}`,
      problem: 'The function key is in the query string, which logs and proxies on the way keep.',
      cure: 'Send it in the header x-functions-key.',
    }))
}

function isOfFunctions(step: Step, uri: string): boolean {
  return isTokenAction(step) || /\.azurewebsites\.net\//i.test(uri)
}

/** Whether a text shows the token: it refers to the broker's answer, or to a variable or an action that has it. */
function taintOf({ actions }: Workflow, tokenActions: readonly Step[]): (text: string) => boolean {
  const names = new Set(tokenActions.map(({ name }) => name))
  const variables = new Set<string>()
  const isTainted = (text: string) =>
    [...names].some((name) => refersTo(text, name)) ||
    [...variables].some((name) => new RegExp(`variables\\(\\s*'${escaped(name)}'\\s*\\)`, 'i').test(text))
  // A token may go through several hands.
  for (let size = -1; size !== names.size + variables.size;) {
    size = names.size + variables.size
    for (const action of actions) {
      if (!(action.type in SHOWS_ITS_INPUTS) || names.has(action.name)) continue
      if (!textsOf(action.inputs).some(({ text }) => isTainted(text))) continue
      names.add(action.name)
      const variable = variableOf(action)
      if (action.type.includes('variable') && variable) variables.add(variable)
    }
  }
  return isTainted
}

function refersTo(text: string, name: string): boolean {
  const calls = 'body|outputs|actions|actionBody|actionOutputs|result'
  return new RegExp(`\\b(?:${calls})\\(\\s*'${escaped(name)}'\\s*\\)`, 'i').test(text)
}

function escaped(name: string): string {
  return name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** What tells an error apart is no secret: its code, its status, whether to repeat. */
const HARMLESS =
  /(?:statusCode|'(?:error|description|remedy|aadsts|retryable|retry_after_seconds|correlation_id|action|expires_on|expires_in|warnings|status|statusCode|code|message|name|startTime|endTime)')\]?/i

function consumer(action: Step, isTainted: (text: string) => boolean): readonly Finding[] {
  const shown = textsOf(action.inputs).filter(({ text }) => isTainted(text) && !isHarmless(text))
  const [first] = shown
  if (!first) return []
  const label = SHOWS_ITS_INPUTS[action.type]
  if (label) {
    return [
      {
        rule: 'token-through-data-operation',
        place: `${action.path}/inputs${first.place}`,
        problem: `The token goes through ${label}, which shows it in the run history even where it came from secure outputs.`,
        cure: "Refer to the token action itself where the token is needed: body('<token action>')?['accesstoken'].",
      },
    ]
  }
  if (action.hasSecureInputs) return []
  return [
    {
      rule: 'open-consumer',
      place: `${action.path}/inputs${first.place}`,
      problem: 'The action gets the token, and its Secure Inputs are off: the run history shows it.',
      cure: 'Turn on Secure Inputs here as well (runtimeConfiguration.secureData.properties).',
    },
  ]
}

function isHarmless(text: string): boolean {
  const references =
    text.match(
      /\b(?:body|outputs|actions|actionBody|actionOutputs|result)\(\s*'[^']+'\s*\)(?:\??\['[^']+'\])*/gi,
    ) ?? []
  return (
    references.length > 0 &&
    references.every((reference) => HARMLESS.test(reference.slice(reference.indexOf(')') + 1)))
  )
}

/** A password that arrives with the trigger is shown by the trigger. */
function openTrigger(trigger: Step, tokenActions: readonly Step[]): readonly Finding[] {
  const fromTrigger = tokenActions.some((action) =>
    textsOf(action.inputs).some(
      ({ place, text }) =>
        /trigger(Body|Outputs)\(\)/i.test(text) &&
        (/password|authorization|body$/i.test(place) || /password/i.test(text)),
    ),
  )
  if (!fromTrigger || trigger.hasSecureOutputs) return []
  return [
    {
      rule: 'open-trigger',
      place: trigger.path,
      problem:
        'The password arrives with the trigger, whose Secure Outputs are off: the run history shows it.',
      cure: 'Take the password from Key Vault; else turn on Secure Outputs of the trigger.',
    },
  ]
}
