import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { HttpResponseInit } from '@azure/functions'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createRequestTokenHandler } from '../../src/functions/requesttoken.ts'
import { basicOf, streamed } from '../support/http-requests.ts'
import { createInvocation } from '../support/invocation.ts'

const USERNAME = 'canary.user@contoso.example'
const PASSWORD = 'canary-Password-1'
const NOW = 1_764_000_000_000
const handler = createRequestTokenHandler(() => ({
  tokenSource: async ({ client }) => ({
    token: {
      value: `token of ${client ?? 'the usual profile'}`,
      acquiredOnTimestamp: NOW,
      expiresOnTimestamp: NOW + 3_600_000,
    },
    action: 'retrieved new token',
    source: 'identity_provider',
    warnings: [],
    verifiedOnTimestamp: 1_764_000_000_000,
    entryKey: 'user-hash',
  }),
  resolveCaller: async () => 'caller',
  now: () => NOW,
  deadlineInMs: 20_000,
}))

/** The handler on a real connection, with its request made of what is still arriving, as with `enableHttpStream`. */
let server: Server
let logged: unknown[]
let served: Promise<void>
beforeAll(async () => {
  server = createServer((incoming, response) => {
    served = serve(incoming, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  logged = []
})

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { context, lines } = createInvocation('requesttoken')
  const init = { method: 'POST', headers: incoming.headers, body: incoming, duplex: 'half' }
  const http = streamed(new Request('http://localhost/requesttoken', init as unknown as RequestInit))
  const { status = 200, jsonBody } = (await handler(http, context)) as HttpResponseInit
  logged.push(...lines.map(([, { error, detail, status }]) => ({ error, detail, status })))
  outgoing.writeHead(status).end(JSON.stringify(jsonBody))
}

function post(headers: Record<string, string>): ClientRequest {
  const { port } = server.address() as AddressInfo
  return send({ port, method: 'POST', headers: { 'transfer-encoding': 'chunked', ...headers } })
}

async function answerTo(client: ClientRequest): Promise<[number | undefined, Record<string, unknown>]> {
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  return [response.statusCode, JSON.parse(await text(response)) as Record<string, unknown>]
}

test('a chunked body is as good as any', async () => {
  const client = post({ 'content-type': 'application/json' })
  for (const piece of JSON.stringify({ username: USERNAME, password: PASSWORD }).match(/.{1,9}/g) ?? []) {
    client.write(piece)
  }
  client.end()
  expect(await answerTo(client)).toMatchObject([200, { accesstoken: 'token of the usual profile' }])
})

test('beside Basic the profile in a chunked body counts, and is not taken for the default one', async () => {
  const client = post({ 'content-type': 'application/json', ...basicOf(`${USERNAME}:${PASSWORD}`) })
  client.end('{"client":"nosuch"}')
  expect(await answerTo(client)).toMatchObject([200, { accesstoken: 'token of nosuch' }])
})

test('past 8 KiB the answer comes although the client is not through', async () => {
  const client = post({ 'content-type': 'application/json' })
  client.write(Buffer.alloc(9 * 1024, 'x'))
  expect(await answerTo(client)).toMatchObject([
    413,
    { error: 'invalid_request', description: 'The body is larger than 8 KiB.' },
  ])
  client.destroy()
})

test('a client that goes away in the middle of its body is a line of information, not a fault', async () => {
  const client = post({ 'content-type': 'application/json' })
  client.on('error', () => {})
  client.write('{"username":')
  const arrived = once(server, 'request')
  client.flushHeaders()
  await arrived
  client.destroy()
  await served
  expect(logged).toEqual([
    { error: 'invalid_request', detail: 'The connection ended before the body did.', status: 400 },
  ])
})
