import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { app } from '@azure/functions'
import { startFunctionsHost, type FunctionsHost } from '../../local/functions-host/functions-host.ts'

let host: FunctionsHost
const lines: string[] = []
const runs: string[] = []
let release = (): void => {}

beforeAll(async () => {
  host = await startFunctionsHost({
    entry: async () => {
      app.http('echo', {
        methods: ['GET', 'POST'],
        handler: async (request, context) => {
          context.log(`echo ${request.method}`)
          const { method, url, headers, query } = request
          const seen = {
            method,
            url,
            header: headers.get('x-two'),
            query: query.get('q'),
            body: await request.text(),
          }
          return {
            status: 201,
            jsonBody: seen,
            headers: { 'X-Answer': 'yes' },
          }
        },
      })
      app.http('item', {
        route: 'items/{id:int}/{part?}',
        handler: async ({ params }) => ({ jsonBody: { ...params } }),
      })
      app.http('nothing', { handler: async () => undefined as never })
      app.http('broken', {
        handler: async () => {
          throw new Error('no')
        },
      })
      app.timer('tick', {
        schedule: '%TICK_SCHEDULE%',
        handler: async (timer) => {
          runs.push(`start ${timer.isPastDue}`)
          await new Promise<void>((resolve) => (release = resolve))
          runs.push('end')
        },
      })
    },
    environment: { TICK_SCHEDULE: '0 0 0 1 1 *' },
    onLog: (line) => lines.push(line),
  })
})

beforeEach(() => {
  runs.length = 0
  lines.length = 0
})

afterAll(async () => {
  await host.close()
})

test('a function sees the request and answers it through the real conversions', async () => {
  const headers = { 'content-type': 'text/plain', 'x-two': 'b' }
  const response = await fetch(`${host.url}/ECHO?q=%C3%A4`, { method: 'POST', body: 'grüße', headers })
  expect([response.status, response.headers.get('x-answer')]).toEqual([201, 'yes'])
  expect(await response.json()).toEqual({
    method: 'POST',
    url: `${host.url}/ECHO?q=%C3%A4`,
    header: 'b',
    query: 'ä',
    body: 'grüße',
  })
  expect(lines).toEqual(['echo POST'])
})

test.each([
  ['a method that is not listed', 'DELETE', '/echo', 404],
  ['an unknown path', 'GET', '/nowhere', 404],
  ['a handler that returns nothing', 'GET', '/nothing', 204],
  ['a handler that throws', 'GET', '/broken', 500],
])('%s is answered with no body', async (_, method, path, status) => {
  const response = await fetch(host.url + path, { method })
  expect([response.status, await response.text()]).toEqual([status, ''])
})

test('a failure is logged in one line', async () => {
  await fetch(`${host.url}/broken`)
  expect(lines).toEqual(["Executed 'Functions.broken' (Failed): Error: no"])
})

test('parameters come from the route', async () => {
  expect(await (await fetch(`${host.url}/items/7`)).json()).toEqual({ id: '7' })
  expect(await (await fetch(`${host.url}/items/7/lid`)).json()).toEqual({ id: '7', part: 'lid' })
})

test('a chunked body arrives empty, as in Azure', async () => {
  const call = request(`${host.url}/echo`, { method: 'POST' })
  call.write('first ')
  call.end('second')
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  expect(JSON.parse((await response.toArray()).join(''))).toMatchObject({ method: 'POST', body: '' })
})

test('runs of a timer never overlap', async () => {
  const first = host.invokeTimer('tick')
  const second = host.invokeTimer('tick')
  await new Promise(setImmediate)
  expect(runs).toEqual(['start false'])
  release()
  await first
  await new Promise(setImmediate)
  release()
  await second
  expect(runs).toEqual([...Array(2)].flatMap(() => ['start false', 'end']))
})

test('a timer can be run over HTTP', async () => {
  const response = await fetch(`${host.url}/admin/functions/tick`, { method: 'POST', body: '{"input":""}' })
  expect(response.status).toBe(202)
  expect(runs).toEqual(['start false'])
  release()
  expect((await fetch(`${host.url}/admin/functions/echo`, { method: 'POST' })).status).toBe(404)
})

test('hooks are refused: they would not run', () => {
  expect(() => app.hook.preInvocation(() => {})).toThrow('The local Functions host runs no hooks')
})
