import type { ServerResponse } from 'node:http'
import { bodyOf } from '../server/loopback-server.ts'
import type { HttpData, NullableStrings } from './functions-core-types.ts'
import { headersOf, type HttpCall } from './http-routes.ts'
import type { InvokeFunction } from './invocation.ts'

const bodyLimitInBytes = 100 * 1024 * 1024

const nullable = (entries: Iterable<[string, string]>): NullableStrings =>
  Object.fromEntries([...entries].map(([key, value]) => [key, { value }]))

function send(response: ServerResponse, http: HttpData | undefined): void {
  if (!http) {
    response.writeHead(204).end()
    return
  }
  for (const [name, value] of Object.entries(http.headers ?? {})) response.setHeader(name, value)
  const body = http.body?.bytes ?? new Uint8Array()
  const status = Number(http.statusCode)
  if (status !== 204 && status !== 304) response.setHeader('Content-Length', body.length)
  response.writeHead(status).end(body)
}

/** Without HTTP streaming: request and answer travel whole, inside the invocation. */
export function createHttpOverRpc(invoke: InvokeFunction): (call: HttpCall) => Promise<void> {
  return async ({ registered, request, response, url, params }) => {
    const bytes = await bodyOf(request)
    if (bytes.length > bodyLimitInBytes) {
      response.writeHead(413).end()
      return
    }
    // The real host hands on no body that came without a length.
    const body = request.headers['transfer-encoding'] === undefined ? bytes : Buffer.alloc(0)
    try {
      const { returnValue } = await invoke(registered, {
        triggerData: {
          http: {
            method: request.method ?? 'GET',
            url: url.href,
            nullableHeaders: nullable(Object.entries(headersOf(request))),
            nullableQuery: nullable(url.searchParams),
            nullableParams: nullable(Object.entries(params)),
            body: { bytes: body },
          },
        },
      })
      send(response, returnValue?.http)
    } catch {
      // The invoker has already logged the failure.
      if (!response.headersSent) response.writeHead(500).end()
    }
  }
}
