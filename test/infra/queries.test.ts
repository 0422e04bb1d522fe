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

/** The broker's allow-list: every event, and everything that a line may hold. */
const allowList = source('src/functions/event-log.ts').split('const EVENTS = {')
const namesIn = (text: string | undefined, pattern: RegExp) =>
  new Set([...String(text).matchAll(pattern)].map(([, name]) => String(name)))
const LOGGED_EVENTS = namesIn(allowList[1], /^ {2}(\w+): /gm)
const KNOWN_FIELDS = namesIn(allowList.join(), /\b(\w+): (?:text|texts|number|counts)\b/g).add('event')

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
  test('the allow-list is found', () => {
    expect([LOGGED_EVENTS.has('token_request'), KNOWN_FIELDS.has('aadsts')]).toEqual([true, true])
  })

  test.each(queries)('%s asks for fields that log lines have', (_, text) => {
    const asked = [...namesIn(text, /\bline(?:\.|\[')(\w+)/g)]
    expect(asked.filter((name) => !KNOWN_FIELDS.has(name))).toEqual([])
  })

  test.each(queries)('%s names events that the broker logs', (_, text) => {
    const named = [...text.matchAll(/\.event\) (?:==|in) \(?((?:'\w+'(?:, )?)+)/g)].flatMap(([, list]) =>
      [...String(list).matchAll(/'(\w+)'/g)].map(([, name]) => name),
    )
    expect(named.length > 0 || !text.includes('.event) ')).toBe(true)
    expect(named.filter((name) => !LOGGED_EVENTS.has(String(name)))).toEqual([])
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

  test.each(rules)('%s measures a column of its query, in one row', (_, rule, query) => {
    expect(loaded).toContain(query)
    expect(parse(query)).toEqual({ columns: [textAt(rule, 'measure')], problems: [] })
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
