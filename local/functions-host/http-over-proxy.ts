import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Agent, request as httpRequest, Server, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Capabilities, ProgrammingModel, RegisteredFunction } from './functions-core-types.ts'
import { headersOf, type HttpCall } from './http-routes.ts'
import type { InvokeFunction } from './invocation.ts'

export interface HttpProxy {
  /** Where it waits for requests; `undefined` when the app has not asked for HTTP streaming. */
  readonly httpUri: string | undefined
  readonly close: () => void
}

export interface HttpOverProxy {
  readonly answer: (call: HttpCall) => Promise<void>
  readonly close: () => void
}

/** As Kestrel: so long may a caller go on sending when it has its answer. */
const uploadGraceInMs = 5000

/** Of one connection alone (RFC 9110, section 7.6.1), and `expect`, which Node.js has answered already. */
const hopByHop = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Asks the app what it wants of its worker. With HTTP streaming `@azure/functions` begins to listen, closes that server never
 * and gives it to nobody, so it is noticed as it begins.
 */
export async function startHttpProxy(model: ProgrammingModel): Promise<HttpProxy> {
  const servers: Server[] = []
  const onListen = (event: unknown): void => {
    const { server } = event as { server: unknown }
    if (!(server instanceof Server)) return
    // Otherwise it ends a connection that has been idle for 5 s, maybe in the moment when the next request is sent over it: then
    // the invocation would wait for that request for ever.
    server.keepAliveTimeout = 0
    servers.push(server)
  }
  const channel = 'tracing:net.server.listen:asyncStart'
  subscribe(channel, onListen)
  const asked: Promise<Capabilities> = model.getCapabilities({})
  unsubscribe(channel, onListen)
  const { HttpUri } = await asked
  return {
    httpUri: HttpUri,
    close: () => {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

/**
 * With HTTP streaming: the request goes to the app's proxy as it comes, the invocation beside it, and the two find each other
 * by the header `x-ms-invocation-id`. In Azure a function that throws is never answered; here, 500.
 */
export function createHttpOverProxy(httpUri: string, invoke: InvokeFunction): HttpOverProxy {
  const agent = new Agent({ keepAlive: true })

  function forward({ request, url }: HttpCall, invocationId: string): ClientRequest {
    const kept = Object.entries(request.headersDistinct).filter(([name]) => !hopByHop.has(name))
    const headers = {
      ...Object.fromEntries(kept),
      'x-forwarded-host': url.host,
      'x-forwarded-proto': 'http',
      'x-ms-invocation-id': invocationId,
    }
    const forwarded = httpRequest(httpUri, { method: request.method, path: request.url, headers, agent })
    const hasBody = request.headers['transfer-encoding'] ?? request.headers['content-length']
    if (hasBody === undefined) forwarded.end()
    else {
      forwarded.flushHeaders()
      request.pipe(forwarded)
    }
    return forwarded
  }

  async function answer(call: HttpCall): Promise<void> {
    const { request, response, registered, params } = call
    const invocationId = randomUUID()
    const forwarded = forward(call, invocationId)
    const relayed = relay(forwarded, call)
    // Awaited when the function has answered; when it fails, the connection may break first.
    relayed.catch(() => {})
    let result: unknown
    const watched: RegisteredFunction = {
      ...registered,
      callback: async (...inputs) => (result = await registered.callback(...inputs)),
    }
    try {
      // An invocation whose request never arrives would wait for it for ever, so it begins when there is a connection.
      await connected(forwarded)
      if (response.closed) throw new Error('the caller has broken off')
      response.once('close', () => !response.writableFinished && forwarded.destroy())
      await invoke(watched, {
        invocationId,
        triggerData: { http: {} },
        triggerMetadata: {
          Headers: { json: JSON.stringify(headersOf(request)) },
          ...Object.fromEntries(Object.entries(params).map(([name, string]) => [name, { string }])),
        },
      })
      if (result === undefined || result === null) response.writeHead(204).end()
      else await relayed
    } catch {
      // The invoker has already logged the failure.
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    }
    forwarded.destroy()
    endUpload(request)
  }

  return { answer, close: () => agent.destroy() }
}

async function connected(forwarded: ClientRequest): Promise<void> {
  const socket = forwarded.socket ?? ((await once(forwarded, 'socket')) as [Socket])[0]
  if (socket.connecting) await once(socket, 'connect')
}

/** Hands the answer on as it comes. @throws when there is none. */
async function relay(forwarded: ClientRequest, { response }: HttpCall): Promise<void> {
  const answered = await new Promise<IncomingMessage>((resolve, reject) => {
    forwarded.once('response', resolve).on('error', reject)
  })
  for (const [name, values] of Object.entries(answered.headersDistinct)) {
    if (values && !hopByHop.has(name)) response.setHeader(name, values)
  }
  response.writeHead(answered.statusCode ?? 500)
  await pipeline(answered, response)
}

/** What still comes in after the answer is read and dropped for a while: a caller that is cut off may never see its answer. */
function endUpload(request: IncomingMessage): void {
  if (request.complete) return
  request.unpipe()
  request.resume()
  const timer = setTimeout(() => request.destroy(), uploadGraceInMs).unref()
  request.once('close', () => clearTimeout(timer))
}
