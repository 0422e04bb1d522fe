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
  [
    'the connector of samples/power-platform, open',
    FLOW,
    (d) =>
      (d.actions.Get_token = {
        type: 'OpenApiConnection',
        inputs: { host: { operationId: 'GetToken' }, parameters: {} },
      }),
    'open-outputs',
    'actions/Get_token',
  ],
  [
    'the password from an open Key Vault action',
    FLOW,
    (d) => delete d.actions.Get_password.runtimeConfiguration,
    'open-outputs',
    'actions/Get_password',
  ],
  [
    'the password from an open secret of Logic Apps Standard',
    STANDARD,
    (d) => {
      add(d, 'Secret', {
        type: 'ServiceProvider',
        inputs: {
          parameters: { secretName: 's' },
          serviceProviderConfiguration: { operationId: 'getSecret' },
        },
      })
    },
    'open-outputs',
    'actions/Secret',
  ],
  [
    'the password from a row of a list',
    FLOW,
    (d) => {
      d.actions.Get_items = { type: 'OpenApiConnection', inputs: { host: { operationId: 'GetItems' } } }
      const action = getToken(d)
      action.inputs.body.password = "@items('Each')?['Password']"
      d.actions = {
        Get_items: d.actions.Get_items,
        Each: {
          type: 'Foreach',
          foreach: "@outputs('Get_items')?['body/value']",
          actions: { Get_token: action },
        },
      }
    },
    'open-outputs',
    'actions/Get_items',
  ],
  [
    'rows with passwords looped over',
    FLOW,
    (d) => {
      const action = getToken(d)
      action.inputs.body.password = "@item()?['Password']"
      d.actions = {
        Get_items: { type: 'OpenApiConnection', inputs: {}, runtimeConfiguration: secure('outputs') },
        Each: {
          type: 'Foreach',
          foreach: "@outputs('Get_items')?['body/value']",
          actions: { Get_token: action },
        },
      }
    },
    'password-through-data-operation',
    'actions/Each/foreach',
  ],
  [
    'the password through Compose',
    FLOW,
    (d) => {
      add(d, 'Password', { type: 'Compose', inputs: "@outputs('Get_password')?['body/value']" })
      getToken(d).inputs.body.password = "@{outputs('Password')}"
    },
    'password-through-data-operation',
    'actions/Password/inputs',
  ],
  [
    'a secure parameter in a variable',
    CONSUMPTION,
    (d) => {
      add(d, 'Init', {
        type: 'InitializeVariable',
        inputs: { variables: [{ name: 'p', type: 'string', value: "@parameters('password')" }] },
      })
      getToken(d).inputs.body.password = "@variables('p')"
    },
    'password-through-data-operation',
    'actions/Init/inputs/variables/0/value',
  ],
  [
    'a password in a variable of another name',
    CONSUMPTION,
    (d) => {
      add(d, 'Init', {
        type: 'InitializeVariable',
        inputs: { variables: [{ name: 'p', type: 'string', value: LITERAL }] },
      })
      getToken(d).inputs.body.password = "@variables('p')"
    },
    'literal-secret',
    'actions/Init/inputs/variables/0/value',
  ],
  [
    'a password in Compose',
    FLOW,
    (d) => {
      add(d, 'Settings', { type: 'Compose', inputs: LITERAL })
      getToken(d).inputs.body.password = "@outputs('Settings')"
    },
    'literal-secret',
    'actions/Settings/inputs',
  ],
  [
    'a password in an expression that reads nothing',
    FLOW,
    (d) => (getToken(d).inputs.body.password = `@concat('${LITERAL}', '')`),
    'literal-secret',
    'actions/Get_token/inputs/body/password',
  ],
  [
    'a form put together, with a password',
    FLOW,
    (d) =>
      (getToken(d).inputs.body =
        `@concat('grant_type=password&username=', parameters('u'), '&password=', '${LITERAL}')`),
    'literal-secret',
    'actions/Get_token/inputs/body',
  ],
  [
    'a written password after a computed user',
    STANDARD,
    (d) =>
      (getToken(d).inputs.headers.Authorization =
        `@concat('Basic ', base64(concat(appsetting('U'), ':${LITERAL}')))`),
    'literal-secret',
    'actions/Get_token/inputs/headers/Authorization',
  ],
  [
    'a raw Authorization in authentication',
    STANDARD,
    (d) => (d.actions.Read_accounts.inputs.authentication = { type: 'Raw', value: 'Basic ' + btoa(LITERAL) }),
    'literal-secret',
    'actions/Read_accounts/inputs/authentication/value',
  ],
  [
    'a password in an object parameter',
    CONSUMPTION,
    (d) =>
      (d.parameters.broker = {
        type: 'Object',
        defaultValue: { url: 'https://b.example', password: LITERAL },
      }),
    'literal-secret',
    'parameters/broker/defaultValue/password',
  ],
  [
    'a password from a parameter of another name',
    FLOW,
    (d) => {
      d.parameters['Service (contoso_Service)'] = { type: 'String', defaultValue: '' }
      getToken(d).inputs.body.password = "@parameters('Service (contoso_Service)')"
    },
    'open-parameter',
    'parameters/Service (contoso_Service)',
  ],
  [
    'a token in a static result',
    CONSUMPTION,
    (d) =>
      (d.staticResults = {
        Get_token0: {
          status: 'Succeeded',
          outputs: { body: { accesstoken: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.' } },
        },
      }),
    'literal-secret',
    'staticResults/Get_token0/outputs/body/accesstoken',
  ],
  [
    'an address with a key in a variable',
    FLOW,
    (d) => {
      add(d, 'Url', {
        type: 'InitializeVariable',
        inputs: {
          variables: [
            {
              name: 'url',
              type: 'string',
              value: 'https://b.azurewebsites.net/requesttoken?code=@{outputs()}',
            },
          ],
        },
      })
      getToken(d).inputs.uri = "@variables('url')"
    },
    'key-in-query',
    'actions/Get_token/inputs/uri',
  ],
  [
    'an address put together, with a key',
    CONSUMPTION,
    (d) =>
      (getToken(d).inputs.uri =
        "@concat(parameters('brokerUrl'), '/requesttoken?code=', parameters('functionKey'))"),
    'key-in-query',
    'actions/Get_token/inputs/uri',
  ],
  [
    'an address in Compose, open',
    FLOW,
    (d) => {
      add(d, 'Path', { type: 'Compose', inputs: '/requesttoken' })
      getToken(d).inputs.uri = "@{parameters('brokerUrl')}@{outputs('Path')}"
      delete getToken(d).runtimeConfiguration
    },
    'open-inputs',
    'actions/Get_token',
  ],
  [
    'a token from a child flow',
    FLOW,
    (d) => {
      add(d, 'Run_child', { type: 'Workflow', inputs: { host: { workflowReferenceName: 'w' } } })
      add(d, 'Call', {
        type: 'Http',
        inputs: { headers: { Authorization: "Bearer @{body('Run_child')?['accesstoken']}" } },
        runtimeConfiguration: secure('inputs'),
      })
    },
    'open-outputs',
    'actions/Run_child',
  ],
  [
    'the token for a child flow',
    FLOW,
    (d) => add(d, 'Run_child', { type: 'Workflow', inputs: { body: { text: token } } }),
    'open-consumer',
    'actions/Run_child/inputs/body/text',
  ],
  [
    'the token in a message to Teams, by another way',
    FLOW,
    (d) =>
      add(d, 'Post', {
        type: 'OpenApiConnection',
        inputs: {
          parameters: { 'body/messageBody': "<p>@{outputs('Get_token')['body']?['accesstoken']}</p>" },
        },
      }),
    'open-consumer',
    'actions/Post/inputs/parameters/body/messageBody',
  ],
  [
    'the token by dots',
    FLOW,
    (d) =>
      add(d, 'Post', {
        type: 'OpenApiConnection',
        inputs: { body: "@{actions('get_token').outputs.body.accesstoken}" },
      }),
    'open-consumer',
    'actions/Post/inputs/body',
  ],
  [
    'the request with the password, beside an error',
    FLOW,
    (d) => add(d, 'Post', { type: 'Http', inputs: { body: "@actions('Get_token')?['inputs']?['body']" } }),
    'open-consumer',
    'actions/Post/inputs/body',
  ],
  [
    'the request with the password, after a failure',
    FLOW,
    (d) =>
      (d.actions.Post = {
        type: 'Http',
        runAfter: { Get_token: ['Failed'] },
        inputs: { body: "@actions('Get_token')" },
      }),
    'open-consumer',
    'actions/Post/inputs/body',
  ],
  [
    'the whole answer, after any outcome',
    FLOW,
    (d) =>
      (d.actions.Post = {
        type: 'Http',
        runAfter: { Get_token: ['Failed', 'Succeeded'] },
        inputs: { body: "@{body('Get_token')}" },
      }),
    'open-consumer',
    'actions/Post/inputs/body',
  ],
  [
    'the whole answer, where what comes before may be skipped',
    FLOW,
    (d) => {
      d.actions.Note = { type: 'Compose', runAfter: { Get_token: ['Failed'] }, inputs: 'failed' }
      d.actions.Post = {
        type: 'Http',
        runAfter: { Note: ['Succeeded', 'Skipped'] },
        inputs: { body: "@{body('Get_token')}" },
      }
    },
    'open-consumer',
    'actions/Post/inputs/body',
  ],
  [
    'the whole answer, after an outcome that is not said',
    FLOW,
    (d) =>
      (d.actions.Post = {
        type: 'Http',
        runAfter: { Get_token: [] },
        inputs: { body: "@{body('Get_token')}" },
      }),
    'open-consumer',
    'actions/Post/inputs/body',
  ],
  [
    'the token in a message of Terminate',
    FLOW,
    (d) =>
      add(d, 'Stop', {
        type: 'Terminate',
        inputs: { runStatus: 'Failed', runError: { code: 'x', message: `Refused: ${token}` } },
      }),
    'open-consumer',
    'actions/Stop/inputs/runError/message',
  ],
  [
    'the results of a scope with the sign-in',
    FLOW,
    (d) => {
      const action = getToken(d)
      delete d.actions.Get_token
      d.actions.Try = { type: 'Scope', actions: { Inner: { type: 'Scope', actions: { Get_token: action } } } }
      d.actions.Failures = {
        type: 'Query',
        runAfter: { Try: ['Failed'] },
        inputs: { from: "@result('Try')", where: "@equals(item()?['status'], 'Failed')" },
      }
    },
    'token-through-data-operation',
    'actions/Failures/inputs/from',
  ],
  [
    'answers looped over',
    FLOW,
    (d) => add(d, 'Each', { type: 'Foreach', foreach: "@createArray(body('Get_token'))", actions: {} }),
    'token-through-data-operation',
    'actions/Each/foreach',
  ],
  [
    'a consumer of a collected token, in an Until in a loop',
    FLOW,
    (d) => {
      add(d, 'Collect', { type: 'AppendToArrayVariable', inputs: { name: 'All', value: token } })
      add(d, 'Each', {
        type: 'Foreach',
        foreach: "@variables('all')",
        actions: {
          Poll: {
            type: 'Until',
            actions: {
              Call: { type: 'Http', inputs: { headers: { Authorization: "Bearer @{items('Each')}" } } },
            },
          },
        },
      })
    },
    'open-consumer',
    'actions/Each/actions/Poll/actions/Call/inputs/headers/Authorization',
  ],
  [
    'the token in an HTML table that is mailed',
    FLOW,
    (d) => {
      add(d, 'Rows', {
        type: 'Table',
        inputs: { from: "@createArray(outputs('Get_token')?['body'])", format: 'HTML' },
      })
      add(d, 'Mail', {
        type: 'OpenApiConnection',
        inputs: { parameters: { 'emailMessage/Body': "@body('Rows')" } },
      })
    },
    'open-consumer',
    'actions/Mail/inputs/parameters/emailMessage/Body',
  ],
  [
    'the token in a switch',
    FLOW,
    (d) => add(d, 'Sw', { type: 'Switch', expression: "@body('Get_token')?['accesstoken']", cases: {} }),
    'token-through-data-operation',
    'actions/Sw/expression',
  ],
  [
    'the token as a tracked property',
    CONSUMPTION,
    (d) => (d.actions.Read_accounts.trackedProperties = { used: token }),
    'tracked-secret',
    'actions/Read_accounts/trackedProperties/used',
  ],
  [
    'the token as an output of the workflow',
    CONSUMPTION,
    (d) => (d.outputs = { token: { type: 'String', value: token } }),
    'secret-in-outputs',
    'outputs/token/value',
  ],
  [
    'the token in JavaScript',
    STANDARD,
    (d) =>
      add(d, 'Script', {
        type: 'JavaScriptCode',
        inputs: { code: 'return workflowContext.actions.Get_token.outputs.body.accesstoken' },
      }),
    'open-consumer',
    'actions/Script/inputs/code',
  ],
  [
    'a password in a header of the trigger',
    CONSUMPTION,
    (d) => {
      d.triggers = { Request: { type: 'Request', kind: 'Http', inputs: {} } }
      getToken(d).inputs.body.password = "@{triggerOutputs()?['headers']?['x-password']}"
    },
    'open-trigger',
    'triggers/Request',
  ],
  [
    'a function key of the trigger, through Compose',
    CONSUMPTION,
    (d) => {
      d.triggers = { manual: { type: 'Request', kind: 'Button', inputs: {} } }
      add(d, 'Key', { type: 'Compose', inputs: "@trigger()?['outputs']?['body']?['text']" })
      getToken(d).inputs.headers['x-functions-key'] = "@outputs('Key')"
    },
    'open-trigger',
    'triggers/manual',
  ],
  [
    'a password in JSON that expressions break',
    CONSUMPTION,
    (d) => (getToken(d).inputs.body = `{"username": @{parameters('username')}, "password": "${LITERAL}"}`),
    'literal-secret',
    'actions/Get_token/inputs/body',
  ],
  [
    'a password set as a property',
    FLOW,
    (d) => (getToken(d).inputs.body = `@setProperty(json(variables('body')), 'password', '${LITERAL}')`),
    'literal-secret',
    'actions/Get_token/inputs/body',
  ],
  [
    'a password for when there is none',
    CONSUMPTION,
    (d) => (getToken(d).inputs.body.password = `@coalesce(parameters('password'), '${LITERAL}')`),
    'literal-secret',
    'actions/Get_token/inputs/body/password',
  ],
  [
    'the token in an address',
    FLOW,
    (d) =>
      add(d, 'Call', {
        type: 'Http',
        inputs: { uri: `https://x.example/a?access_token=${token}` },
        runtimeConfiguration: secure('inputs'),
      }),
    'secret-in-address',
    'actions/Call/inputs/uri',
  ],
  [
    'the token in an adaptive card',
    FLOW,
    (d) =>
      add(d, 'Card', {
        type: 'OpenApiConnection',
        inputs: {
          parameters: { 'body/messageBody': `{"type":"AdaptiveCard","body":[{"text":"${token}"}]}` },
        },
      }),
    'open-consumer',
    'actions/Card/inputs/parameters/body/messageBody/body/0/text',
  ],
  [
    'a sign-in in a scope in a condition in a loop',
    FLOW,
    (d) => {
      const action = getToken(d)
      delete d.actions.Get_token
      d.actions.Loop = {
        type: 'Until',
        expression: '',
        actions: {
          If: {
            type: 'If',
            actions: {},
            else: { actions: { Scope: { type: 'Scope', actions: { Get_token: action } } } },
          },
        },
      }
    },
    'sign-in-loop',
    'actions/Loop/actions/If/else/actions/Scope/actions/Get_token',
  ],
]

/** What is right, and looks wrong. */
const innocent: readonly (readonly [what: string, file: string, plant: (definition: Any) => void])[] = [
  [
    'the whole answer of a sign-in that failed, mailed',
    FLOW,
    (d) =>
      (d.actions.Mail = {
        type: 'OpenApiConnection',
        runAfter: { Get_token: ['Failed', 'TimedOut'] },
        inputs: { parameters: { 'emailMessage/Body': "@{body('Get_token')}" } },
      }),
  ],
  [
    'the same through Compose, and what comes after it',
    FLOW,
    (d) => {
      d.actions.Problem = {
        type: 'Compose',
        runAfter: { Get_token: ['FAILED'] },
        inputs: "@outputs('Get_token')",
      }
      d.actions.Scope = {
        type: 'Scope',
        runAfter: { Problem: ['Succeeded'] },
        actions: { Mail: { type: 'Http', inputs: { body: "@{body('Get_token')} @{outputs('Problem')}" } } },
      }
    },
  ],
  [
    'every field but the token',
    FLOW,
    (d) =>
      add(d, 'Log', {
        type: 'Compose',
        inputs:
          "@{outputs('Get_token')?['body/error']} @{body('Get_token').correlation_id} @{outputs('Get_token')?['headers']?['Content-Type']} @{body('Get_token')?['token_type']}",
      }),
  ],
  [
    'a form put together of parameters',
    CONSUMPTION,
    (d) =>
      Object.assign(getToken(d).inputs, {
        uri: "@concat(parameters('brokerUrl'), '/oauth2/token')",
        body: "@concat('grant_type=password&username=', encodeUriComponent(parameters('username')), '&password=', encodeUriComponent(parameters('password')))",
      }),
  ],
  [
    'a form with expressions in it',
    CONSUMPTION,
    (d) =>
      Object.assign(getToken(d).inputs, {
        uri: 'https://b.azurewebsites.net/oauth2/token',
        body: "grant_type=password&username=@{parameters('username')}&password=@{encodeUriComponent(parameters('password'))}",
      }),
  ],
  [
    'JSON as text, of parameters',
    CONSUMPTION,
    (d) =>
      (getToken(d).inputs.body =
        `{"username": @{parameters('username')}, "password": "@{parameters('password')}"}`),
  ],
  [
    'JSON put together of parameters',
    CONSUMPTION,
    (d) =>
      (getToken(d).inputs.body =
        `@concat('{"username":"', parameters('username'), '","password":"', parameters('password'), '"}')`),
  ],
  [
    'the user name from a list that is shown',
    FLOW,
    (d) => {
      d.actions.Get_item = { type: 'OpenApiConnection', inputs: { host: { operationId: 'GetItem' } } }
      getToken(d).inputs.body.username = "@outputs('Get_item')?['body/Title']"
    },
  ],
  [
    'another field of what holds a password',
    FLOW,
    (d) => {
      d.actions.Get_row = {
        type: 'OpenApiConnection',
        inputs: {},
        runtimeConfiguration: secure('outputs'),
      }
      getToken(d).inputs.body.password = "@outputs('Get_row')?['body/new_password']"
      add(d, 'Log', { type: 'Compose', inputs: "@outputs('Get_row')?['body/new_title']" })
    },
  ],
  [
    'the version of a secret',
    FLOW,
    (d) => add(d, 'Log', { type: 'Compose', inputs: "@outputs('Get_password')?['body/version']" }),
  ],
  [
    'a retry policy from parameters',
    CONSUMPTION,
    (d) =>
      (getToken(d).inputs.retryPolicy = {
        type: 'fixed',
        count: "@parameters('retries')",
        interval: "@parameters('interval')",
      }),
  ],
  [
    'a schema with a field for a password',
    FLOW,
    (d) =>
      (d.triggers = {
        manual: {
          type: 'Request',
          inputs: { schema: { properties: { password: { type: 'string' } }, required: ['password'] } },
        },
      }),
  ],
  [
    'text that only looks like an expression',
    FLOW,
    (d) => add(d, 'Note', { type: 'Compose', inputs: "Use body('Get_token'), or @@{body('Get_token')}." }),
  ],
  [
    'an action of a similar name',
    FLOW,
    (d) => {
      add(d, 'Get_token_type', { type: 'Http', inputs: { uri: 'https://x.example' } })
      add(d, 'Log', { type: 'Compose', inputs: "@body('Get_token_type')" })
    },
  ],
  [
    'a scope beside the sign-in',
    FLOW,
    (d) => {
      d.actions.Work = { type: 'Scope', actions: { Call: { type: 'Http', inputs: {} } } }
      d.actions.Failures = {
        type: 'Query',
        inputs: { from: "@result('Work')", where: "@equals(item()?['status'], 'Failed')" },
      }
    },
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

test.each(innocent)('%s in %s: no false alarm', (_, file, plant) => {
  const json = read(file)
  plant(definitionIn(json))
  expect(workflowsOf(file, json).flatMap(findingsOf)).toEqual([])
})

test('a flow of many branches that meet again is read', () => {
  const json = read(FLOW)
  const { actions } = definitionIn(json)
  for (let i = 0; i < 60; i++) {
    const runAfter = i === 0 ? {} : { [`Left_${i - 1}`]: ['Succeeded'], [`Right_${i - 1}`]: ['Succeeded'] }
    actions[`Left_${i}`] = { type: 'Compose', runAfter, inputs: i }
    actions[`Right_${i}`] = { type: 'Compose', runAfter, inputs: i }
  }
  expect(workflowsOf(FLOW, json).flatMap(findingsOf)).toEqual([])
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
    const files = [...CLEAN, 'samples/power-automate/read-accounts.zip']
    expect(await run(...files)).toEqual({ code: 0, stdout: '4 flows, nothing found.\n', stderr: '' })
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
