import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { strToU8, zipSync } from 'fflate'
import { findingsOf } from '../../scripts/check-flow/rules.ts'
import { workflowsOf } from '../../scripts/check-flow/workflow.ts'

const CONSUMPTION = 'samples/logic-apps/consumption.workflow.json'
const STANDARD = 'samples/logic-apps/standard.workflow.json'
const FLOW = 'samples/power-automate/definition.json'
const CLEAN = [CONSUMPTION, STANDARD, FLOW]
const LITERAL = 'Hunter-2-Literal'

// eslint-disable-next-line typescript/no-explicit-any
type Any = any
const read = (file: string): Any => JSON.parse(readFileSync(file, 'utf8'))
const definitionIn = (json: Any): Any => json.definition ?? json.properties.definition
const secure = (...properties: string[]) => ({ secureData: { properties } })
const token = "@{body('Get_token')?['accesstoken']}"
/** One more action at the end. */
const add = (definition: Any, name: string, action: Any) => {
  definition.actions[name] = { runAfter: { Get_token: ['Succeeded'] }, ...action }
}
const getToken = (definition: Any): Any => definition.actions.Get_token

type Seed = readonly [
  what: string,
  file: string,
  plant: (definition: Any) => void,
  rule: string,
  place: string,
]

const seeds: readonly Seed[] = [
  [
    'a password in the body',
    CONSUMPTION,
    (d) => (getToken(d).inputs.body.password = LITERAL),
    'literal-secret',
    'actions/Get_token/inputs/body/password',
  ],
  [
    'a password in a body that is text',
    CONSUMPTION,
    (d) => (getToken(d).inputs.body = `{"username":"@{parameters('username')}","password":"${LITERAL}"}`),
    'literal-secret',
    'actions/Get_token/inputs/body/password',
  ],
  [
    'a password beside an expression',
    CONSUMPTION,
    (d) => (getToken(d).inputs.body.password = `@{parameters('prefix')}${LITERAL}`),
    'literal-secret',
    'actions/Get_token/inputs/body/password',
  ],
  [
    'a password in a form',
    CONSUMPTION,
    (d) =>
      Object.assign(getToken(d).inputs, {
        uri: 'https://b.azurewebsites.net/oauth2/token',
        body: `grant_type=password&username=u&password=${LITERAL}`,
      }),
    'literal-secret',
    'actions/Get_token/inputs/body',
  ],
  [
    'a function key in a header',
    CONSUMPTION,
    (d) => (getToken(d).inputs.headers['x-functions-key'] = LITERAL),
    'literal-secret',
    'actions/Get_token/inputs/headers/x-functions-key',
  ],
  [
    'a Basic header written out',
    CONSUMPTION,
    (d) => (getToken(d).inputs.headers.Authorization = 'Basic dTpw'),
    'literal-secret',
    'actions/Get_token/inputs/headers/Authorization',
  ],
  [
    'a Basic header made of a written password',
    STANDARD,
    (d) =>
      (getToken(d).inputs.headers.Authorization = `@concat('Basic ', base64('svc@contoso.com:${LITERAL}'))`),
    'literal-secret',
    'actions/Get_token/inputs/headers/Authorization',
  ],
  [
    'a password in authentication',
    STANDARD,
    (d) => (getToken(d).inputs.authentication = { type: 'Basic', username: 'u', password: LITERAL }),
    'literal-secret',
    'actions/Get_token/inputs/authentication/password',
  ],
  [
    'a default value of a secure parameter',
    CONSUMPTION,
    (d) => (d.parameters.password.defaultValue = LITERAL),
    'literal-secret',
    'parameters/password/defaultValue',
  ],
  [
    'a password parameter of type string',
    CONSUMPTION,
    (d) => (d.parameters.password.type = 'String'),
    'open-parameter',
    'parameters/password',
  ],
  [
    'a key parameter of type string',
    CONSUMPTION,
    (d) => (d.parameters.functionKey.type = 'string'),
    'open-parameter',
    'parameters/functionKey',
  ],
  [
    'a variable with a password',
    CONSUMPTION,
    (d) =>
      add(d, 'Init', {
        type: 'InitializeVariable',
        inputs: { variables: [{ name: 'password', type: 'string', value: LITERAL }] },
      }),
    'literal-secret',
    'actions/Init/inputs/variables/0/value',
  ],
  [
    'secure inputs off',
    CONSUMPTION,
    (d) => (getToken(d).runtimeConfiguration = secure('outputs')),
    'open-inputs',
    'actions/Get_token',
  ],
  [
    'secure outputs off',
    CONSUMPTION,
    (d) => (getToken(d).runtimeConfiguration = secure('inputs')),
    'open-outputs',
    'actions/Get_token',
  ],
  [
    'no secure data at all',
    STANDARD,
    (d) => delete getToken(d).runtimeConfiguration,
    'open-inputs',
    'actions/Get_token',
  ],
  [
    'the token through Parse JSON',
    CONSUMPTION,
    (d) => add(d, 'Parse', { type: 'ParseJson', inputs: { content: "@body('Get_token')", schema: {} } }),
    'token-through-data-operation',
    'actions/Parse/inputs/content',
  ],
  [
    'the token through Compose',
    STANDARD,
    (d) => add(d, 'Compose', { type: 'Compose', inputs: token }),
    'token-through-data-operation',
    'actions/Compose/inputs',
  ],
  [
    'the token in a new variable',
    STANDARD,
    (d) =>
      add(d, 'Keep', {
        type: 'InitializeVariable',
        inputs: { variables: [{ name: 't', type: 'string', value: token }] },
      }),
    'token-through-data-operation',
    'actions/Keep/inputs/variables/0/value',
  ],
  [
    'the token in a set variable',
    FLOW,
    (d) => add(d, 'Set', { type: 'SetVariable', inputs: { name: 't', value: token } }),
    'token-through-data-operation',
    'actions/Set/inputs/value',
  ],
  [
    'the token appended',
    FLOW,
    (d) => add(d, 'Append', { type: 'AppendToStringVariable', inputs: { name: 't', value: token } }),
    'token-through-data-operation',
    'actions/Append/inputs/value',
  ],
  [
    'the token through Select',
    FLOW,
    (d) =>
      add(d, 'Pick', {
        type: 'Select',
        inputs: { from: "@array(outputs('Get_token')?['body'])", select: { a: '@item()' } },
      }),
    'token-through-data-operation',
    'actions/Pick/inputs/from',
  ],
  [
    'the token through Join',
    FLOW,
    (d) =>
      add(d, 'Glue', {
        type: 'Join',
        inputs: { from: "@array(body('Get_token')?['accesstoken'])", joinWith: ',' },
      }),
    'token-through-data-operation',
    'actions/Glue/inputs/from',
  ],
  [
    'a consumer without secure inputs',
    CONSUMPTION,
    (d) => delete d.actions.Read_accounts.runtimeConfiguration,
    'open-consumer',
    'actions/Read_accounts/inputs/headers/Authorization',
  ],
  [
    'a consumer with secure outputs alone',
    STANDARD,
    (d) => (d.actions.Read_accounts.runtimeConfiguration = secure('outputs')),
    'open-consumer',
    'actions/Read_accounts/inputs/headers/Authorization',
  ],
  [
    'a consumer of a variable with the token',
    FLOW,
    (d) => {
      add(d, 'Set', { type: 'SetVariable', inputs: { name: 't', value: token } })
      add(d, 'Call', {
        type: 'Http',
        inputs: { uri: 'https://x.example', headers: { Authorization: "Bearer @{variables('t')}" } },
      })
    },
    'open-consumer',
    'actions/Call/inputs/headers/Authorization',
  ],
  [
    'a consumer of a composed token',
    FLOW,
    (d) => {
      add(d, 'Compose', { type: 'Compose', inputs: token })
      add(d, 'Call', {
        type: 'Http',
        inputs: { uri: 'https://x.example', headers: { Authorization: "Bearer @{outputs('Compose')}" } },
      })
    },
    'open-consumer',
    'actions/Call/inputs/headers/Authorization',
  ],
  [
    'a mail with the whole answer',
    FLOW,
    (d) =>
      add(d, 'Mail', {
        type: 'OpenApiConnection',
        inputs: { parameters: { 'emailMessage/Body': "@{body('Get_token')}" } },
      }),
    'open-consumer',
    'actions/Mail/inputs/parameters/emailMessage/Body',
  ],
  [
    'a response with the token',
    CONSUMPTION,
    (d) => add(d, 'Answer', { type: 'Response', inputs: { statusCode: 200, body: { t: token } } }),
    'open-consumer',
    'actions/Answer/inputs/body/t',
  ],
  [
    'a consumer inside a condition',
    STANDARD,
    (d) =>
      add(d, 'If', {
        type: 'If',
        expression: {},
        actions: {},
        else: {
          actions: { Deep: { type: 'Http', inputs: { headers: { Authorization: `Bearer ${token}` } } } },
        },
      }),
    'open-consumer',
    'actions/If/else/actions/Deep/inputs/headers/Authorization',
  ],
  [
    'a consumer inside a case',
    STANDARD,
    (d) =>
      add(d, 'Sw', {
        type: 'Switch',
        cases: { A: { case: 1, actions: { Deep: { type: 'Http', inputs: { body: token } } } } },
      }),
    'open-consumer',
    'actions/Sw/cases/A/actions/Deep/inputs/body',
  ],
  [
    'ninety retries',
    CONSUMPTION,
    (d) => (getToken(d).inputs.retryPolicy = { type: 'fixed', count: 90, interval: 'PT1M' }),
    'hammering-retry',
    'actions/Get_token/retryPolicy',
  ],
  [
    'a retry each second',
    STANDARD,
    (d) => (getToken(d).inputs.retryPolicy = { type: 'fixed', count: 3, interval: 'PT1S' }),
    'hammering-retry',
    'actions/Get_token/retryPolicy',
  ],
  [
    'a retry policy beside the inputs',
    FLOW,
    (d) => {
      delete getToken(d).inputs.retryPolicy
      getToken(d).retryPolicy = { type: 'exponential', count: 10, interval: 'PT20S' }
    },
    'hammering-retry',
    'actions/Get_token/retryPolicy',
  ],
  [
    'a sign-in in a loop',
    STANDARD,
    (d) => {
      const action = getToken(d)
      delete d.actions.Get_token
      d.actions.Loop = { type: 'Until', expression: '', actions: { Get_token: action } }
    },
    'sign-in-loop',
    'actions/Loop/actions/Get_token',
  ],
  [
    'a key in the address',
    CONSUMPTION,
    (d) => (getToken(d).inputs.uri += '?code=abc'),
    'key-in-query',
    'actions/Get_token/inputs/uri',
  ],
  [
    'a key from a parameter in the address',
    FLOW,
    (d) => (getToken(d).inputs.uri += "?code=@{parameters('functionKey')}"),
    'key-in-query',
    'actions/Get_token/inputs/uri',
  ],
  [
    'a key in the queries',
    FLOW,
    (d) => (getToken(d).inputs.queries = { code: "@{outputs('Get_key')}" }),
    'key-in-query',
    'actions/Get_token/inputs/queries/code',
  ],
  [
    'a password from the trigger',
    CONSUMPTION,
    (d) => {
      d.triggers = { Request: { type: 'Request', kind: 'Http', inputs: {} } }
      getToken(d).inputs.body.password = "@triggerBody()?['password']"
    },
    'open-trigger',
    'triggers/Request',
  ],
  [
    'a function of a function app, open',
    CONSUMPTION,
    (d) =>
      (d.actions.Get_token = {
        type: 'Function',
        inputs: {
          function: {
            id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/b/functions/requesttoken',
          },
          body: {},
        },
      }),
    'open-outputs',
    'actions/Get_token',
  ],
  [
    'the custom connector, open',
    FLOW,
    (d) =>
      (d.actions.Get_token = {
        type: 'OpenApiConnection',
        inputs: { host: { operationId: 'RequestToken' }, parameters: {} },
      }),
    'open-outputs',
    'actions/Get_token',
  ],
]

test.each(CLEAN)('%s: no false alarm', (file) => {
  expect(workflowsOf(file, read(file)).flatMap(findingsOf)).toEqual([])
})

test.each(seeds)('%s in %s', (_, file, plant, rule, place) => {
  const json = read(file)
  plant(definitionIn(json))
  const findings = workflowsOf(file, json).flatMap(findingsOf)
  expect(findings.map((each) => `${each.rule} ${each.place}`)).toContain(`${rule} ${place}`)
  expect(JSON.stringify(findings)).not.toContain(LITERAL)
})

test('what is not ours is left alone', () => {
  const json = read(CONSUMPTION)
  add(definitionIn(json), 'Harmless', {
    type: 'Compose',
    inputs: "@concat(body('Get_token')?['error'], ' ', outputs('Get_token')?['statusCode'])",
  })
  add(definitionIn(json), 'Other', {
    type: 'Http',
    inputs: {
      uri: 'https://x.example/a?code=1',
      retryPolicy: { type: 'fixed', count: 90, interval: 'PT5S' },
    },
  })
  expect(workflowsOf('f', json).flatMap(findingsOf)).toEqual([])
})

describe('the command', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'check-flow-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function run(...files: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [
        'scripts/check-flow.ts',
        ...files,
      ])
      return { code: 0, stdout, stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, stdout, stderr }
    }
  }

  test('the samples are clean: exit code 0', async () => {
    expect(await run(...CLEAN)).toEqual({ code: 0, stdout: '3 flows, nothing found.\n', stderr: '' })
  })

  test('an exported package and a solution are looked into: a line each, with the place and the cure, exit code 1', async () => {
    const json = read(FLOW)
    getToken(definitionIn(json)).runtimeConfiguration = secure('inputs')
    const file = join(folder, 'package.zip')
    writeFileSync(
      file,
      zipSync({
        'manifest.json': strToU8('{"schema":"1.0"}'),
        'Microsoft.Flow/flows/1/definition.json': strToU8(JSON.stringify(json)),
        'Workflows/Clean.json': strToU8(`\uFEFF${JSON.stringify(read(FLOW))}`),
        'icon.png': new Uint8Array(10),
      }),
    )
    const { code, stdout } = await run(file)
    expect([code, stdout.trim().split('\n')]).toEqual([
      1,
      [
        `${file}:Microsoft.Flow/flows/1/definition.json/properties/definition actions/Get_token: [open-outputs] Secure Outputs are off: the run history shows the token. Turn on Secure Outputs in the action's settings (runtimeConfiguration.secureData.properties).`,
        '2 flows, 1 findings.',
      ],
    ])
  })

  test('an ARM template is looked into', async () => {
    const definition = definitionIn(read(CONSUMPTION))
    getToken(definition).inputs.body.password = LITERAL
    const file = join(folder, 'template.json')
    writeFileSync(
      file,
      JSON.stringify({ resources: [{ type: 'Microsoft.Logic/workflows', properties: { definition } }] }),
    )
    expect(await run(file)).toMatchObject({ code: 1, stdout: expect.stringContaining('[literal-secret]') })
  })

  test.each([
    ['no file', [], /^Usage: npm run check-flow/],
    ['a file that is not there', ['/nowhere/flow.json'], /there is no such file\.\n$/],
    ['text', ['README.md'], /README\.md: it is neither JSON nor a zip file\.\n$/],
    ['JSON without a flow', ['tsconfig.json'], /there is no flow in it\. Export the flow/],
  ])('%s is one line, exit code 2', async (_, files, message) => {
    const { code, stdout, stderr } = await run(...files)
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)])
  })

  test('a broken zip is one line, exit code 2', async () => {
    const file = join(folder, 'broken.zip')
    writeFileSync(file, 'PK broken')
    expect(await run(file)).toEqual({
      code: 2,
      stdout: '',
      stderr: `${file}: the zip file cannot be read. Export the flow again.\n`,
    })
  })
})
