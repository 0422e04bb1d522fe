import { DATA_OPERATIONS, variablesOf } from './data-operation.ts'
import { isLiteral, quotedIn, referencesOf, writtenIn } from './expression.ts'
import { secretFlowOf, type Secret, type SecretFlow } from './secrets.ts'
import { SECRET_NAME } from './trail.ts'
import { textsOf, type Step, type Workflow } from './workflow.ts'

export interface Finding {
  readonly rule: string
  /** From the definition's root. */
  readonly place: string
  readonly problem: string
  readonly cure: string
}

const MAX_RETRIES = 4
const MIN_INTERVAL_IN_SECONDS = 10

/** A token of Entra ID, written out. */
const TOKEN = /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}/

/** Everything that shows a secret in a run history, or lets a flow hammer an account. */
export function findingsOf(workflow: Workflow): readonly Finding[] {
  const { actions, triggers } = workflow
  const flow = secretFlowOf(workflow)
  const { tokenActions } = flow
  const steps = [...triggers, ...actions]
  const findings = [
    ...steps.flatMap((step) => literalSecrets(step, flow)),
    ...writtenTokens(workflow),
    ...openParameters(workflow, flow),
    ...tokenActions.flatMap(openTokenAction),
    ...[...flow.holders].flatMap(([step, secret]) => openHolder(step, secret)),
    ...tokenActions.flatMap(hammering),
    ...steps.flatMap((step) => keysInQueries(step, flow)),
    ...actions.flatMap((action) => consumer(action, flow)),
    ...actions.flatMap((action) => tracked(action, flow)),
    ...shownByRun(workflow, flow),
    ...triggers.flatMap((trigger) => openTrigger(trigger, flow)),
  ]
  const places = findings.map(({ rule, place }) => `${rule} ${place}`)
  return findings.filter((_, i) => places.indexOf(places[i] ?? '') === i)
}

const writtenSecret = (place: string): Finding => ({
  rule: 'literal-secret',
  place,
  problem: 'A secret is written into the definition, where everybody who may read the flow reads it.',
  cure: 'Take it from Key Vault or from a secure parameter (type securestring).',
})

function literalSecrets(step: Step, { trail }: SecretFlow): readonly Finding[] {
  return textsOf(step.inputs)
    .filter(({ place, text }) => {
      const name = place.split('/').at(-1) ?? ''
      const isSecret = SECRET_NAME.test(name) || /\/authentication\/value$/i.test(place)
      const isVariable = /value$/i.test(name) && variablesOf(step).some((each) => SECRET_NAME.test(each))
      const isCarried = trail.carriers.has(step) && /^$|^(\/variables\/\d+)?\/value$/i.test(place)
      const inCall = /authorization$/i.test(name) && quotedIn(text).some((quoted) => /:./.test(quoted))
      if (inCall || isPasswordInText(text)) return true
      return (isSecret || isVariable || isCarried) && (isLiteral(text) || hasWrittenDefault(text))
    })
    .map(({ place }) => writtenSecret(`${step.path}/inputs${place}`))
}

/** In a form, in JSON that expressions keep from being read as such, or set as a property; each whole or put together of several texts. */
function isPasswordInText(text: string): boolean {
  const written = [writtenIn(text), ...quotedIn(text)]
  const isForm = /grant_type=password/i.test(text)
  if (isForm && written.some((each) => /(?:^|&)password=[^&\s]/i.test(each))) return true
  if (isForm && /(?:^|&)password='\s*,\s*'[^'&]/i.test(text)) return true
  if (written.some((each) => /"pass(?:word|wd)?"\s*:\s*"[^"\s]/i.test(each))) return true
  return /(?:set|add)Property\(.*'pass(?:word|wd)?'\s*,\s*'[^']/i.test(text)
}

const hasWrittenDefault = (text: string): boolean => /^@.*\bcoalesce\(.*,\s*'[^']+'\s*\)/i.test(text)

function writtenTokens({ definition }: Workflow): readonly Finding[] {
  return textsOf(definition)
    .filter(({ text }) => TOKEN.test(text))
    .map(({ place }) => writtenSecret(place.slice(1)))
}

function openParameters({ parameters }: Workflow, flow: SecretFlow): readonly Finding[] {
  return Object.entries(parameters).flatMap(([name, { type, defaultValue }]) => {
    const isSecret = SECRET_NAME.test(name) || flow.trail.parameters.has(name.toLowerCase())
    const isSecure = type === 'securestring' || type === 'secureobject'
    const open: Finding = {
      rule: 'open-parameter',
      place: `parameters/${name}`,
      problem: `The parameter has the type ${type || 'string'}, which is shown with the definition and in runs.`,
      cure: 'Give it the type securestring; in Power Automate, which has none, take the value from Key Vault.',
    }
    const written = textsOf(defaultValue).filter(({ place, text }) => {
      const isNamed = place === '' ? isSecret : SECRET_NAME.test(place.split('/').at(-1) ?? '')
      return isNamed && isLiteral(text)
    })
    return [
      ...(isSecret && !isSecure ? [open] : []),
      ...written.map(({ place }) => ({
        rule: 'literal-secret',
        place: `parameters/${name}/defaultValue${place}`,
        problem: 'A secret is written into the definition as a default value.',
        cure: 'Leave the default out, and give the value at deployment or from Key Vault.',
      })),
    ]
  })
}

const openSetting = (path: string, what: 'Inputs' | 'Outputs', holds: string): Finding => ({
  rule: `open-${what.toLowerCase()}`,
  place: path,
  problem: `Secure ${what} are off: the run history shows ${holds}.`,
  cure: `Turn on Secure ${what} in the action's settings (runtimeConfiguration.secureData.properties).`,
})

function openTokenAction({ path, hasSecureInputs, hasSecureOutputs }: Step): readonly Finding[] {
  return [
    ...(hasSecureInputs ? [] : [openSetting(path, 'Inputs', 'the user name, the password and the key')]),
    ...(hasSecureOutputs ? [] : [openSetting(path, 'Outputs', 'the token')]),
  ]
}

/** Something else that a password, a key or a token comes from: Key Vault, a child flow, another call. */
function openHolder({ path, hasSecureOutputs }: Step, secret: Secret): readonly Finding[] {
  const holds = secret === 'token' ? 'the token' : 'the password or key'
  return hasSecureOutputs ? [] : [openSetting(path, 'Outputs', holds)]
}

function hammering({ path, retryPolicy, around }: Step): readonly Finding[] {
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
  const loop = around.find(({ type }) => type === 'until')
  if (loop) {
    findings.push({
      rule: 'sign-in-loop',
      place: path,
      problem: `The sign-in is inside the Until loop ${loop.name}, which repeats a wrong password as well.`,
      cure: 'Leave repeating to the retry policy; after an error whose retryable is false, stop.',
    })
  }
  return findings
}

/** ISO 8601, as far as retry policies use it. An interval that is not said is the platform's, and a computed one is not known. */
function secondsOf(interval: string): number {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(interval)
  if (!parts) return Number.POSITIVE_INFINITY
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
}

function keysInQueries(step: Step, { tokenActions, names }: SecretFlow): readonly Finding[] {
  const isOfFunctions = (values: readonly string[]) =>
    tokenActions.includes(step) || values.some((value) => /\.azurewebsites\.(net|us)\//i.test(value))
  return textsOf(step.inputs)
    .filter(({ place, text }) => {
      if (/\/queries\/code$/i.test(place)) return isOfFunctions([])
      if (!/\/(uri|url|path)$/i.test(place)) return false
      const values = names.valuesOf(text)
      return values.some((value) => /[?&]code=/i.test(value)) && isOfFunctions(values)
    })
    .map(({ place }) => ({
      rule: 'key-in-query',
      place: `${step.path}/inputs${place}`,
      problem: 'The function key is in the query string, which logs and proxies on the way keep.',
      cure: 'Send it in the header x-functions-key.',
    }))
}

const throughOperation = (place: string, label: string, secret: Secret): Finding => ({
  rule: `${secret}-through-data-operation`,
  place,
  problem: `The ${secret} goes through ${label}, which shows it in the run history even where it came from secure outputs.`,
  cure:
    secret === 'token'
      ? "Refer to the token action itself where the token is needed: body('<token action>')?['accesstoken']."
      : 'Refer to what holds it, such as the Key Vault action, where it is needed.',
})

function consumer(action: Step, flow: SecretFlow): readonly Finding[] {
  const label = DATA_OPERATIONS[action.type]
  const [subject] = textsOf(action.subject).flatMap(({ text }) => flow.shownIn(text, action) ?? [])
  if (subject) {
    const [at, loop] = action.type === 'switch' ? ['expression', 'Switch'] : ['foreach', 'Apply to each']
    return [throughOperation(`${action.path}/${at}`, loop, subject)]
  }
  if (flow.tokenActions.includes(action)) return []
  const carriesOther = (text: string) =>
    flow.trail.carriers.has(action) && referencesOf(text).length > 0 ? 'password' : undefined
  const [first] = textsOf(action.inputs).flatMap(({ place, text }) => {
    const secret = flow.shownIn(text, action) ?? carriesOther(text)
    return secret ? [{ place: `${action.path}/inputs${place}`, secret }] : []
  })
  if (!first) return []
  if (label) return [throughOperation(first.place, label, first.secret)]
  if (action.hasSecureInputs) return secretsInAddress(action, flow)
  return [
    {
      rule: 'open-consumer',
      place: first.place,
      problem: `The action gets the ${first.secret}, and its Secure Inputs are off: the run history shows it.`,
      cure: 'Turn on Secure Inputs here as well (runtimeConfiguration.secureData.properties).',
    },
  ]
}

/** Secure inputs do not reach the logs of those on the way. */
function secretsInAddress(action: Step, { shownIn }: SecretFlow): readonly Finding[] {
  return textsOf(action.inputs)
    .filter(({ place, text }) => /\/(uri|url|path|queries\/.*)$/i.test(place) && shownIn(text, action))
    .map(({ place }) => ({
      rule: 'secret-in-address',
      place: `${action.path}/inputs${place}`,
      problem: 'A secret is in the address, which logs and proxies on the way keep.',
      cure: 'Send it in a header, such as Authorization, or in the body.',
    }))
}

/** Tracked properties are shown, and sent to the workspace, whatever is hidden. */
function tracked(action: Step, { shownIn }: SecretFlow): readonly Finding[] {
  return textsOf(action.trackedProperties)
    .filter(({ text }) => shownIn(text, action))
    .map(({ place }) => ({
      rule: 'tracked-secret',
      place: `${action.path}/trackedProperties${place}`,
      problem: 'A secret is a tracked property, which the run history and the workspace show.',
      cure: 'Track something else, such as the correlation_id.',
    }))
}

function shownByRun({ outputs, actions }: Workflow, { shownIn }: SecretFlow): readonly Finding[] {
  const [any] = actions
  if (!any) return []
  return textsOf(outputs)
    .filter(({ text }) => shownIn(text, { ...any, failed: [], around: [] }))
    .map(({ place }) => ({
      rule: 'secret-in-outputs',
      place: `outputs${place}`,
      problem: 'A secret is an output of the workflow, which each run shows.',
      cure: 'Leave it out: whoever needs a token asks the broker.',
    }))
}

/** A password that arrives with the trigger is shown by the trigger. */
function openTrigger(trigger: Step, { trail }: SecretFlow): readonly Finding[] {
  if (!trail.comesWithTrigger || trigger.hasSecureOutputs) return []
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
