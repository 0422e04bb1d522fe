import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readSettings, settingNames, SettingsError } from '../../src/settings.ts'
import { queueNames, tableNames } from '../../src/storage-names.ts'
import {
  appSettingsOf,
  at,
  entriesOf,
  readTemplate,
  resourcesOf,
  stringsOf,
  templatesOf,
  textAt,
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
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__blobServiceUri',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'DataStorage__clientId',
  'DataStorage__credential',
  'DataStorage__queueServiceUri',
  'HTTPS_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'NO_PROXY',
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
  'REFRESH_SCHEDULE',
]

/** What has no default: the broker says so itself. */
function requiredSettings(): readonly string[] {
  try {
    readSettings({})
    return []
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return error.problems.flatMap((problem) => /^(\w+) is missing$/.exec(problem)?.[1] ?? [])
  }
}

const required = Object.fromEntries(requiredSettings().map((name) => [name, 'https://x.example']))

/** The fields of `brokerSettings`, with their bounds. */
const choices = new Map(
  entriesOf(
    at(
      entriesOf(at(template, 'definitions')).find(([name]) => name.endsWith('BrokerSettings'))?.[1],
      'properties',
    ),
  ),
)

/** @returns what the broker says of one setting; empty when nothing. */
function problemsOf(name: string, value: number): readonly string[] {
  try {
    readSettings({ ...required, [name]: String(value) })
    return []
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return error.problems
  }
}

describe('the template and the code agree', () => {
  test('every app setting that the broker reads is set, and no other', () => {
    expect([...appSettingsOf(template).keys()].toSorted()).toEqual(
      [...new Set([...settingNames, ...HOST_SETTINGS])].toSorted(),
    )
  })

  test('every setting can be chosen from azd, or follows from what the template makes', () => {
    const derived = [...appSettingsOf(template)].filter(([, value]) =>
      /^\[variables\('\w+Url'\)\]$/.test(value),
    )
    const reachable = [...choices.keys(), ...derived.map(([name]) => name)]
    expect(settingNames.filter((name) => !reachable.includes(name))).toEqual([])
  })

  test('every choice reaches the app setting of its name, and there are no others', () => {
    const settings = appSettingsOf(template)
    const lost = [...choices.keys()].filter(
      (name) => !settings.get(name)?.includes(`tryGet(parameters('brokerSettings'), '${name}')`),
    )
    expect(lost).toEqual([])
    expect([...choices.keys()].filter((name) => !settingNames.includes(name))).toEqual([
      'REFRESH_SCHEDULE',
      'HTTPS_PROXY',
      'NO_PROXY',
      'NODE_EXTRA_CA_CERTS',
    ])
  })

  const numbers = [...choices].filter(([, body]) => textAt(body, 'type') === 'int')
  test.each(numbers)("%s has the broker's own bounds", (name, body) => {
    const [least, most] = [Number(at(body, 'minValue')), Number(at(body, 'maxValue'))]
    expect([problemsOf(name, least), problemsOf(name, most)]).toEqual([[], []])
    expect([problemsOf(name, least - 1), problemsOf(name, most + 1)]).toEqual([
      [expect.stringContaining(name)],
      [expect.stringContaining(name)],
    ])
  })

  test("the settings' defaults are the broker's own", () => {
    const variables = at(template, 'resources.broker.properties.template.variables')
    const defaults = [...appSettingsOf(template)].flatMap(([name, value]) => {
      const [, literal, variable = ''] =
        /^\[string\(coalesce\(.*, (?:(\d+)|variables\('(\w+)'\))\)\)\]$/.exec(value) ?? []
      // Of two values, one by cloud, the public cloud's stands last.
      const fallback = literal ?? /, (\d+)\)\]$/.exec(textAt(variables, variable))?.[1]
      return fallback === undefined ? [] : [[name, fallback] as const]
    })
    expect(defaults.map(([name]) => name).toSorted()).toEqual(
      [...choices]
        .filter(([, body]) => textAt(body, 'type') === 'int')
        .map(([name]) => name)
        .toSorted(),
    )
    expect(readSettings({ ...required, ...Object.fromEntries(defaults) })).toEqual(readSettings(required))
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
})

test('a network setting that nobody chose is empty, which the broker, its SDKs and Node.js take for absent', () => {
  const settings = appSettingsOf(template)
  const names = ['HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS']
  expect(names.map((name) => settings.get(name))).toEqual(
    names.map((name) => `[coalesce(tryGet(parameters('brokerSettings'), '${name}'), '')]`),
  )
  const absent = Object.fromEntries(names.map((name) => [name, '']))
  expect(readSettings({ ...required, ...absent })).toEqual(readSettings(required))
})

describe('azd and the template agree', () => {
  const parameters = JSON.parse(readFileSync(join(root, 'infra/main.parameters.json'), 'utf8')) as Json

  const given = new Map(entriesOf(at(parameters, 'parameters')))

  test('main.parameters.json names parameters that there are', () => {
    const known = entriesOf(at(template, 'parameters')).map(([name]) => name)
    expect([...given.keys()].filter((name) => !known.includes(name))).toEqual([])
  })

  // azd, ensureParameters in pkg/infra/provisioning/bicep/bicep_provider.go: a value from a variable that is not set is left out;
  // what then has no default is asked for, unless it is nullable, and a $ref loses that word.
  test('azd asks for a name and a region, and for nothing else', () => {
    const asked = entriesOf(at(template, 'parameters')).filter(
      ([name, body]) =>
        /^(\$\{\w+\})?$/.test(textAt(given.get(name), 'value')) &&
        at(body, 'defaultValue') === undefined &&
        (at(body, 'nullable') !== true || at(body, '$ref') !== undefined),
    )
    expect(asked.map(([name]) => name)).toEqual(['environmentName', 'location'])
  })

  test('every parameter that azd can be told has a variable', () => {
    const known = entriesOf(at(template, 'parameters')).map(([name]) => name)
    expect(known.filter((name) => !given.has(name))).toEqual(['resourceGroupName'])
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

test('the API versions are the ones that infra/README.md gives reasons for', () => {
  const used = resourcesOf(template).map(
    ({ type, body }) => `${type.split('/').slice(0, 2).join('/')} ${textAt(body, 'apiVersion')}`,
  )
  const readme = readFileSync(join(root, 'infra/README.md'), 'utf8')
  const said = [...readme.matchAll(/^\| `(Microsoft\.[\w/]+)` +\| (\S+) +\|/gm)].map(
    ([, type, version]) => `${type} ${version}`,
  )
  const isSaid = (each: string) =>
    said.some((one) => {
      const [type = '', version = ''] = one.split(' ')
      return each.startsWith(type) && each.endsWith(` ${version}`)
    })
  expect([...new Set(used)].filter((each) => !isSaid(each))).toEqual([])
})

test('every parameter and every field of a type is described', () => {
  const undescribed = templatesOf(template).flatMap(({ path, template: each }) =>
    entriesOf(at(each, 'parameters'))
      .filter(([, body]) => at(body, 'metadata.description') === undefined)
      .map(([name]) => `${path}.${name}`),
  )
  expect(undescribed).toEqual([])
})
