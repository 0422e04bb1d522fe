import { once } from 'node:events'
import { createServer, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { app } from '@azure/functions'
import { startFunctionsHost, type FunctionsHost } from '../../local/functions-host/functions-host.ts'
import { startHttpProxy } from '../../local/functions-host/http-over-proxy.ts'

/** The same host as in functions-host.test.ts, for an app that asks for HTTP streaming. */
let host: FunctionsHost
const lines: string[] = []
let arrived = Promise.withResolvers<string>()

beforeAll(async () => {
  host = await startFunctionsHost({
    entry: async () => {
      app.setup({ enableHttpStream: true })
      app.http('echo', {
        route: 'echo/{id}',
        methods: ['GET', 'POST'],
        handler: async (call) => {
          const { method, url, params, query } = call
          const seen = {
            method,
            url,
            id: params['id'],
            query: query.get('q'),
            two: call.headers.get('x-two'),
          }
          return {
            status: 201,
            headers: { 'X-Answer': 'yes' },
            jsonBody: { ...seen, body: await call.text() },
          }
        },
      })
      app.http('early', {
        methods: ['POST'],
        handler: async (call) => {
          const reader = (call.body as ReadableStream<Uint8Array>).getReader()
          const { value } = await reader.read()
          arrived.resolve(Buffer.from(value ?? []).toString())
          return { status: 413, body: 'enough' }
        },
      })
      app.http('parts', {
        handler: async () => ({
          body: (async function* () {
            yield Buffer.from('one ')
            await arrived.promise
            yield Buffer.from('two')
          })(),
        }),
      })
      app.http('nothing', { handler: async () => undefined as never })
      app.http('broken', {
        methods: ['POST'],
        handler: async () => {
          throw new Error('no')
        },
      })
    },
    environment: {},
    onLog: (line) => lines.push(line),
  })
})

beforeEach(() => {
  lines.length = 0
  arrived = Promise.withResolvers<string>()
})

afterAll(() => host.close())

async function answerTo(call: ClientRequest): Promise<IncomingMessage> {
  return ((await once(call, 'response')) as [IncomingMessage])[0]
}

const textOf = async (response: IncomingMessage): Promise<string> => (await response.toArray()).join('')

test('a chunked body arrives whole, beside headers, query and route', async () => {
  const call = request(`${host.url}/echo/7?q=%C3%A4`, { method: 'POST', headers: { 'x-two': 'b' } })
  call.write('grüße ')
  call.end('x'.repeat(9 * 1024))
  const response = await answerTo(call)
  expect([response.statusCode, response.headers['x-answer']]).toEqual([201, 'yes'])
  expect(response.headers['x-ms-invocation-id']).toMatch(/^[0-9a-f-]{36}$/)
  expect(JSON.parse(await textOf(response))).toEqual({
    method: 'POST',
    url: `${host.url}/echo/7?q=%C3%A4`,
    id: '7',
    query: 'ä',
    two: 'b',
    body: `grüße ${'x'.repeat(9 * 1024)}`,
  })
})

test.each([
  ['with a length', 'POST', 'plain'],
  ['that is not there', 'POST', ''],
  ['that a GET does not have', 'GET', undefined],
])('a body %s', async (_, method, body) => {
  const response = await fetch(`${host.url}/echo/1`, { method, ...(body !== undefined && { body }) })
  expect(await response.json()).toMatchObject({ method, body: body ?? '' })
})

test('a function may answer before the body has ended: nothing is held back on the way', async () => {
  const call = request(`${host.url}/early`, { method: 'POST' })
  call.write('first')
  expect(await arrived.promise).toBe('first')
  const response = await answerTo(call)
  expect([response.statusCode, await textOf(response)]).toEqual([413, 'enough'])
  expect(call.writableEnded).toBe(false)
  call.destroy()
})

test('an answer is handed on as it is made', async () => {
  const response = await answerTo(request(`${host.url}/parts`).end())
  const [chunk] = (await once(response, 'data')) as [Buffer]
  expect(chunk.toString()).toBe('one ')
  arrived.resolve('')
  expect(await textOf(response)).toBe('two')
})

test.each([
  ['nothing', 'GET', 204, []],
  // In Azure it is never answered.
  ['broken', 'POST', 500, ["Executed 'Functions.broken' (Failed): Error: no"]],
  ['nowhere', 'GET', 404, []],
])('/%s', async (path, method, status, logged) => {
  const response = await fetch(`${host.url}/${path}`, { method, ...(method === 'POST' && { body: 'x' }) })
  expect([response.status, await response.text(), lines]).toEqual([status, '', logged])
})

test('a caller that breaks off does not keep the host', async () => {
  const call = request(`${host.url}/echo/1`, { method: 'POST' }).on('error', () => {})
  call.write('x')
  await once(call, 'socket')
  call.destroy()
  expect((await fetch(`${host.url}/echo/1`)).status).toBe(201)
})

test('the app never ends a connection that the host keeps: a request that is on its way over it would be lost', async () => {
  const server = createServer()
  const proxy = await startHttpProxy({
    name: 'app',
    version: '1',
    getInvocationModel: () => {
      throw new Error('nothing is invoked')
    },
    getCapabilities: async () => {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return { HttpUri: 'http://127.0.0.1' }
    },
  })
  proxy.close()
  expect(server.keepAliveTimeout).toBe(0)
})
