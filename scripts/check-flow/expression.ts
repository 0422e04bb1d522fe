/** Expressions of the Workflow Definition Language, as far as the check must read them: what they read, and what is written into them. */
export interface Reference {
  readonly from: 'action' | 'scope' | 'variable' | 'parameter' | 'setting' | 'loop' | 'item' | 'trigger'
  /** Lower case, as the language does not tell cases apart; empty where a reference has no name. */
  readonly name: string
  /** What is selected, lower case: `?['body/value']` and `.body.value` are `body`, `value`. */
  readonly path: readonly string[]
}

const READS: Readonly<Record<string, Reference['from']>> = {
  body: 'action',
  outputs: 'action',
  actions: 'action',
  actionbody: 'action',
  actionoutputs: 'action',
  formdatavalue: 'action',
  multipartbody: 'action',
  result: 'scope',
  variables: 'variable',
  parameters: 'parameter',
  appsetting: 'setting',
  items: 'loop',
  item: 'item',
  trigger: 'trigger',
  triggerbody: 'trigger',
  triggeroutputs: 'trigger',
  triggerformdatavalue: 'trigger',
}
const SELECTION = String.raw`(?:\s*\??\s*(?:\.\s*\w+|\[\s*(?:'(?:[^']|'')*'|\d+)\s*\]))*`
const CALL = new RegExp(
  String.raw`\b(${Object.keys(READS).join('|')})\(\s*(?:'((?:[^']|'')*)')?[^()]*\)(${SELECTION})`,
  'gi',
)
/** JavaScript actions read so. */
const SCRIPT = /\bworkflowContext\.(?:actions\.(\w+)|trigger)((?:\.\w+)*)/g

/** What is computed in a text: all of `@…`, or each `@{…}` in it. A doubled `@@` computes nothing. */
function expressionsOf(text: string): readonly string[] {
  return /^@[^@{]/.test(text) ? [text.slice(1)] : interpolationsOf(text).map(({ inner }) => inner)
}

function interpolationsOf(text: string): readonly { start: number; end: number; inner: string }[] {
  const found: { start: number; end: number; inner: string }[] = []
  for (let start = text.indexOf('@{'); start !== -1;) {
    // A brace in quotes does not end it.
    const [inner = ''] = /^(?:'[^']*'|[^'}])*/.exec(text.slice(start + 2)) ?? []
    const end = start + 2 + inner.length + 1
    if (text[start - 1] !== '@') found.push({ start, end, inner })
    start = text.indexOf('@{', end)
  }
  return found
}

/** A text without what is computed in it; empty when all of it is. */
export function writtenIn(text: string): string {
  if (/^@[^@{]/.test(text)) return ''
  return interpolationsOf(text).reduceRight(
    (rest, { start, end }) => rest.slice(0, start) + rest.slice(end),
    text,
  )
}

/** Texts in quotes inside expressions. */
export function quotedIn(text: string): readonly string[] {
  return expressionsOf(text).flatMap((expression) =>
    [...expression.replaceAll(CALL, '').matchAll(/'((?:[^']|'')*)'/g)].map(([, quoted = '']) => quoted),
  )
}

export function referencesOf(text: string): readonly Reference[] {
  const called = expressionsOf(text).flatMap((expression) =>
    [...expression.matchAll(CALL)].map(([, call = '', name = '', selected = '']) => ({
      from: READS[call.toLowerCase()] ?? 'action',
      name: name.replaceAll("''", "'").toLowerCase(),
      // All of an action is its inputs as well.
      path: call.toLowerCase() === 'actions' && selected === '' ? ['inputs'] : pathOf(selected),
    })),
  )
  const scripted = [...text.matchAll(SCRIPT)].map(([, name, selected = '']) => ({
    from: name === undefined ? ('trigger' as const) : ('action' as const),
    name: (name ?? '').toLowerCase(),
    path: pathOf(selected),
  }))
  return [...called, ...scripted]
}

function pathOf(selected: string): readonly string[] {
  return [...selected.matchAll(/\.\s*(\w+)|\[\s*'((?:[^']|'')*)'\s*\]/g)].flatMap(([, dotted, quoted = '']) =>
    (dotted ?? quoted).toLowerCase().split('/'),
  )
}

/** Whether a value stands in the text itself, and not in what the text refers to. */
export function isLiteral(text: string): boolean {
  const written = writtenIn(text).replace(/^\s*(bearer|basic|sharedkey)\b/i, '')
  if (written.trim() !== '') return true
  return referencesOf(text).length === 0 && quotedIn(text).some((quoted) => quoted.trim() !== '')
}
