import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { at, readTemplate, resourcesOf, templatesOf, textAt, type Json } from './arm-template.ts'
import { createQueryParser } from './kusto.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'infra/queries')
const source = (path: string) => readFileSync(join(root, path), 'utf8')

/** Of an Application Insights component, and of the workspace behind it. Only the columns that every row has. */
const COMMON = 'timestamp:datetime, itemType:string, itemCount:int, customDimensions:dynamic'
const parse = createQueryParser({
  traces: `(${COMMON}, message:string, severityLevel:int)`,
  requests: `(${COMMON}, name:string, success:string, resultCode:string, duration:real)`,
  Usage: '(TimeGenerated:datetime, DataType:string, IsBillable:bool, Quantity:real)',
  _LogOperation: '(TimeGenerated:datetime, Category:string, Operation:string, Level:string, Detail:string)',
})

const queries = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.kql'))
  .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')] as const)

const code = readdirSync(join(root, 'src'), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => source(join('src', name)))
  .join('\n')

/** The broker's allow-list: every event, and everything that a line may hold. */
const namesIn = (text: string | undefined, pattern: RegExp) =>
  [...String(text).matchAll(pattern)].map(([, name]) => String(name))
const [sharedFields, events] = source('src/functions/event-log.ts').split('const EVENTS = {')
const FIELD = /\b(\w+): (?:text|texts|number|counts)\b/g
const sweepFields = namesIn(sharedFields?.split('const SWEEP = {')[1], FIELD)
const LINES = new Map(
  [...String(events).matchAll(/^ {2}(\w+): ((?:.|\n(?! {2}\w+:|\}))*)/gm)].map(([, event = '', fields]) => [
    event,
    ['event', ...namesIn(fields, FIELD), ...(fields?.includes('SWEEP') ? sweepFields : [])],
  ]),
)
const eventsNamedIn = (query: string) =>
  namesIn(query, /\bevent\)? (?:==|in) \(?((?:'\w+'(?:, )?)+)/g).flatMap((list) => namesIn(list, /'(\w+)'/g))

describe("queries, by Microsoft's own parser", () => {
  test.each(queries)('%s has nothing against it', (_, text) => {
    expect(parse(text).problems).toEqual([])
  })

  test.each([
    ['an operator', 'traces | wher severityLevel > 1', 'Query operator expected.'],
    [
      'a column',
      'traces | where mesage has "x"',
      "The name 'mesage' does not refer to any known column, table, variable or function.",
    ],
    [
      'a function',
      'traces | extend line = parse_jsn(message)',
      "The name 'parse_jsn' does not refer to any known function.",
    ],
  ])('which objects to %s that does not exist', (_, text, problem) => {
    expect(parse(text).problems).toContain(problem)
  })
})

describe('queries and the broker agree', () => {
  test('the allow-list is read as it is meant', () => {
    expect(Object.fromEntries(LINES)).toMatchObject({
      request_failed: ['event', 'error', 'detail', 'status', 'correlationId'],
      refresh_sweep: expect.arrayContaining(['waiting', 'failed', 'oldestLagMs']),
      token_request: expect.arrayContaining(['client', 'caller', 'userHash', 'aadsts', 'correlationId']),
    })
    expect(LINES.get('token_request')).not.toContain('oldestLagMs')
  })

  test.each(queries)('%s names events that the broker logs', (_, text) => {
    const named = eventsNamedIn(text)
    expect(named.length > 0 || !/event\)? (?:==|in) /.test(text)).toBe(true)
    expect(named.filter((name) => !LINES.has(name))).toEqual([])
  })

  test.each(queries)('%s asks these events for fields that their lines have', (name, text) => {
    const looksAtAll = ['misconfigured.kql', 'workbook/faults.kql'].includes(name)
    const named = looksAtAll ? [...LINES.keys()] : eventsNamedIn(text)
    const fields = new Set(named.flatMap((each) => LINES.get(each)))
    const asked = namesIn(text, /\bline(?:\.|\[')(\w+)/g)
    expect(asked.filter((name) => !fields.has(name))).toEqual([])
  })

  test.each(queries)('%s looks for words that the code says', (_, text) => {
    const words = namesIn(text, /'([a-z]+(?:_[a-z]+)+)'/g)
    expect(words.filter((word) => !code.includes(`'${word}'`) && !LINES.has(word))).toEqual([])
  })

  test('the latest faults show whose they are and why', () => {
    const text = queries.find(([name]) => name === 'workbook/faults.kql')?.[1] ?? ''
    expect(parse(text).columns).toEqual([
      'timestamp',
      'event',
      'error',
      'aadsts',
      'client',
      'userHash',
      'caller',
      'detail',
      'warnings',
      'correlationId',
    ])
  })
})

describe('alerts', () => {
  const alerts = templatesOf(readTemplate()).find(({ path }) => path === 'watch')?.template
  const loaded = Object.values((at(alerts, 'variables') ?? {}) as Record<string, Json>)
  const rules = (at(alerts, 'variables.rules') as readonly Json[]).map((rule) => {
    const variable = /^\[variables\('(\$fxv#\d+)'\)\]$/.exec(textAt(rule, 'query'))?.[1] ?? ''
    return [textAt(rule, 'name'), rule, textAt(at(alerts, 'variables'), variable)] as const
  })

  /** Who and why, on the line itself. */
  const WHO = ['error', 'aadsts', 'client', 'userHash', 'caller', 'detail']
  const COLUMNS: Readonly<Record<string, readonly string[]>> = {
    'accounts-locked': ['timestamp', ...WHO, 'failures'],
    'chunks-failing': ['timestamp', 'detail', 'failures'],
    'connections-to-see-to': ['timestamp', 'connection', 'concern', 'since', 'client', 'aadsts', 'failures'],
    'failing-for-a-day': ['timestamp', 'since', ...WHO, 'failures'],
    'identity-provider-failing': ['timestamp', ...WHO, 'failures'],
    'log-cap-reached': ['TimeGenerated', 'Operation', 'Level', 'Detail', 'failures'],
    misconfigured: ['timestamp', 'event', ...WHO, 'failures'],
    'requests-failing': ['timestamp', ...WHO, 'failures'],
    'timer-silent': ['sweeps'],
  }

  test.each(rules)('%s shows whom it is about, and sums a column of its query', (name, rule, query) => {
    expect(loaded).toContain(query)
    expect(parse(query)).toEqual({ columns: COLUMNS[name], problems: [] })
    expect(COLUMNS[name]?.at(-1)).toBe(textAt(rule, 'measure') || 'failures')
  })

  test.each(rules)('%s is asked no less often than its window is long', (_, rule) => {
    const minutes = (duration: string) => {
      const [, days = 0, hours = 0, rest = 0] =
        /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(duration) ?? []
      return Number(days) * 1440 + Number(hours) * 60 + Number(rest)
    }
    const frequency = minutes(textAt(rule, 'frequency') || 'PT15M')
    expect(frequency).toBeGreaterThan(0)
    expect(frequency).toBeLessThanOrEqual(minutes(textAt(rule, 'window')))
  })

  test('every query of an alert is one', () => {
    const files = queries.map(([name]) => name).filter((name) => !name.includes('/'))
    expect(rules.map(([name]) => `${name}.kql`).toSorted()).toEqual(files.toSorted())
  })

  test('every query of the workbook is on it', () => {
    const types = resourcesOf(readTemplate()).map(({ type }) => type)
    const workbook = templatesOf(readTemplate()).find(({ path }) => path === 'workbook')?.template
    const texts = Object.values((at(workbook, 'variables') ?? {}) as Record<string, Json>)
    expect(types).toContain('Microsoft.Insights/workbooks')
    for (const [name, text] of queries) if (name.includes('/')) expect(texts).toContain(text)
  })
})
