import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readSettings, settingNames } from '../../src/settings.ts'
import { queueNames, tableNames } from '../../src/storage-names.ts'
import {
  appSettingsOf,
  at,
  entriesOf,
  readTemplate,
  stringsOf,
  templatesOf,
  type Json,
} from './arm-template.ts'

const root = join(import.meta.dirname, '../..')
const template = readTemplate()

/** Read by the Functions host, the SDKs or App Service, not by the broker. */
const HOST_SETTINGS = [
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'AZURE_CLIENT_ID',
  'AZURE_TOKEN_CREDENTIALS',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'DataStorage__clientId',
  'DataStorage__credential',
  'DataStorage__queueServiceUri',
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
  'REFRESH_SCHEDULE',
]

describe('the template and the code agree', () => {
  test('every app setting that the broker reads is set, and no other', () => {
    expect([...appSettingsOf(template).keys()].toSorted()).toEqual(
      [...new Set([...settingNames, ...HOST_SETTINGS])].toSorted(),
    )
  })

  test("the settings' defaults are the broker's own", () => {
    const urls = {
      KEY_VAULT_URL: 'https://v',
      TABLE_SERVICE_URL: 'https://t',
      DataStorage__queueServiceUri: 'https://q',
    }
    const defaults = [...appSettingsOf(template)].flatMap(([name, value]) => {
      const literal = /^\[string\(coalesce\(.*, (\d+)\)\)\]$/.exec(value)?.[1]
      return literal === undefined ? [] : [[name, literal] as const]
    })
    expect(defaults.map(([name]) => name).toSorted()).toEqual(
      settingNames.filter((name) => !(name in urls)).toSorted(),
    )
    expect(readSettings({ ...urls, ...Object.fromEntries(defaults) })).toEqual(readSettings(urls))
  })

  test('the settings that can be chosen are the ones there are', () => {
    const names = entriesOf(at(template, 'definitions')).find(([name]) =>
      name.endsWith('BrokerSettings'),
    )?.[1]
    const chosen = entriesOf(at(names, 'properties')).map(([name]) => name)
    expect(chosen.toSorted()).toEqual(
      [...settingNames.filter((name) => !/url$|uri$/i.test(name)), 'REFRESH_SCHEDULE'].toSorted(),
    )
  })

  test('the tables are made, and no other', () => {
    expect(at(template, 'variables.tableNames')).toEqual(Object.values(tableNames))
  })

  test('the queues are made, each with its poison queue, and no other', () => {
    expect(at(template, 'variables.queueNames')).toEqual(
      Object.values(queueNames).flatMap((name) => [name, `${name}-poison`]),
    )
  })

  test('the timer and the queue find their settings in the code', () => {
    const code = readFileSync(join(root, 'src/index.ts'), 'utf8')
    expect(code).toContain("'%REFRESH_SCHEDULE%'")
    expect(code).toContain("connection: 'DataStorage'")
  })

  test('queries name only events that the broker logs', () => {
    const folder = join(root, 'src/functions')
    const code = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    const logged = new Set(
      [...code.join('\n').matchAll(/'((?:token|refresh|not)_\w+)'/g)].map(([, name]) => name),
    )
    const named = queries().flatMap((text) =>
      [...text.matchAll(/line\.event\)|message\)\.event\)/g)].flatMap(({ index }) =>
        [
          ...(text
            .slice(index)
            .split('\n', 1)[0]
            ?.matchAll(/'(\w+_\w+)'/g) ?? []),
        ].map(([, name]) => name),
      ),
    )
    const events = named.filter((name) => /^(token_request|refresh_|not_ready)/.test(String(name)))
    expect(events.length).toBeGreaterThan(10)
    expect(events.filter((name) => !logged.has(name))).toEqual([])
  })
})

describe('azd and the template agree', () => {
  const parameters = JSON.parse(readFileSync(join(root, 'infra/main.parameters.json'), 'utf8')) as Json

  test('main.parameters.json names parameters that there are, and every one that has no default', () => {
    const known = entriesOf(at(template, 'parameters'))
    const given = entriesOf(at(parameters, 'parameters')).map(([name]) => name)
    const required = known.filter(
      ([, body]) => at(body, 'defaultValue') === undefined && at(body, 'nullable') !== true,
    )
    expect(given.filter((name) => !known.some(([each]) => each === name))).toEqual([])
    expect(required.map(([name]) => name).filter((name) => !given.includes(name))).toEqual([])
  })

  test('the site carries the name of the service in azure.yaml', () => {
    const service = /^services:\n {2}(\w+):/m.exec(readFileSync(join(root, 'azure.yaml'), 'utf8'))?.[1]
    expect(stringsOf(template)).toContain(
      `[union(parameters('tags'), createObject('azd-service-name', '${service}'))]`,
    )
  })

  test('.funcignore does not name node_modules, which azd refuses together with remoteBuild: false', () => {
    const lines = readFileSync(join(root, '.funcignore'), 'utf8').split('\n')
    expect(lines.filter((line) => !line.startsWith('#') && line.includes('node_modules'))).toEqual([])
  })

  test('outputs are upper case, as azd makes environment variables of them', () => {
    const names = entriesOf(at(template, 'outputs')).map(([name]) => name)
    expect(names).toContain('KEY_VAULT_NAME')
    expect(names.filter((name) => !/^[A-Z_]+$/.test(name))).toEqual([])
  })
})

test('every parameter and every field of a type is described', () => {
  const undescribed = templatesOf(template).flatMap(({ path, template: each }) =>
    entriesOf(at(each, 'parameters'))
      .filter(([, body]) => at(body, 'metadata.description') === undefined)
      .map(([name]) => `${path}.${name}`),
  )
  expect(undescribed).toEqual([])
})

function queries(): readonly string[] {
  const folder = join(root, 'infra/queries')
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.kql'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}
