import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import * as z from 'zod'
import { startBroker, type TestBroker } from '../support/broker.ts'

type Json = Readonly<Record<string, unknown>>
interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly examples: Readonly<Record<string, { value: Json }>> }>
    >
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Json }>> }>
  >
}

const definition = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Json> }
}
const operations = Object.entries(definition.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker(() => ({ PUBLIC_URL: 'https://broker.contoso.example' }))
})
afterAll(() => broker.close())
beforeEach(() => broker.reset())

/** The answer's status is one of the operation's, and the body is as the schema says, with no field more. */
function expectAsDefined(operation: Operation, status: number, body: Json): void {
  const response = operation.responses[status]
  expect([operation.operationId, status, response !== undefined]).toEqual([
    operation.operationId,
    status,
    true,
  ])
  const schema = response?.content?.['application/json']?.schema
  if (!schema) return
  const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema['$ref']))?.[1]
  const resolved = name === undefined ? schema : definition.components.schemas[name]
  expect(z.fromJSONSchema(resolved as never).safeParse(body).error).toBeUndefined()
  expect(Object.keys(body).filter((field) => !(field in ((resolved?.['properties'] ?? {}) as Json)))).toEqual(
    [],
  )
}

const examples = operations.flatMap(({ path, method, operation }) =>
  Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { examples: own }]) =>
    Object.entries(own).map(([name, { value }]) => ({
      title: `${operation.operationId}: ${name}`,
      path,
      method,
      operation,
      type,
      value,
    })),
  ),
)

test.each(examples)('the example of $title works', async ({ path, method, operation, type, value }) => {
  const body =
    type === 'application/json' ? JSON.stringify(value) : new URLSearchParams(value as never).toString()
  if (path.endsWith('/secret')) await makeConnection()
  const answer = await broker.call(path.replace('{name}', CONNECTION), {
    method: method.toUpperCase(),
    headers: { 'content-type': type },
    body,
  })
  expect([200, 201]).toContain(answer.status)
  expectAsDefined(operation, answer.status, answer.json)
})

test.each(operations.filter(({ operation }) => !operation.requestBody))(
  '$method $path answers as defined',
  async ({ path, method, operation }) => {
    await broker.requestToken()
    await makeConnection()
    const query = operation.parameters?.some(({ name }) => name === 'client') ? '?client=default' : ''
    const hash = String((await listed()).find((entry) => entry['by_password'])?.['user_hash'])
    const answer = await broker.call(path.replace('{userHash}', hash).replace('{name}', CONNECTION) + query, {
      method: method.toUpperCase(),
    })
    expect([200, 204]).toContain(answer.status)
    expectAsDefined(operation, answer.status, answer.json)
  },
)

const CONNECTION = 'crm-sync'
const makeConnection = () =>
  broker.call(`/connections/${CONNECTION}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"client":"confidential","grant":"client_credentials"}',
  })

async function listed(): Promise<Json[]> {
  return (await broker.call('/tokens')).json['tokens'] as Json[]
}

test.each([
  [400, {}, '{"username":'],
  [400, {}, '{"username":"demo@contoso.example","password":"x","client":"no-such"}'],
  [401, {}, '{}'],
  [401, {}, '{"username":"demo@contoso.example","password":"wrong"}'],
  [413, {}, `{"username":"${'x'.repeat(9000)}"}`],
  [415, { 'content-type': 'text/plain' }, 'x'],
])('a failure is as defined: %i', async (status, headers, body) => {
  const operation = definition.paths['/requesttoken']?.['post']
  if (!operation) throw new Error('not defined')
  const answer = await broker.call('/requesttoken', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  expect(answer.status).toBe(status)
  expectAsDefined(operation, status, answer.json)
})

test('a failure of the OAuth endpoint is as defined', async () => {
  const operation = definition.paths['/oauth2/token']?.['post']
  if (!operation) throw new Error('not defined')
  const form = { grant_type: 'password', username: 'demo@contoso.example', password: 'wrong' }
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await broker.call('/oauth2/token', { method: 'POST', headers, body })
  expect(answer.status).toBe(400)
  expectAsDefined(operation, 400, answer.json)
})

test('the definition is served, to anybody', async () => {
  const { status, json } = await broker.call('/openapi.json')
  expect(status).toBe(200)
  expect(json).toEqual(definition)
})
