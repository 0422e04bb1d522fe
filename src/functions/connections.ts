import type { HttpHandler, HttpRequest, InvocationContext } from '@azure/functions'
import type { Connections } from '../core/connection/connections.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { connectionNameOf, readConnectionWish, readOverlapInMs } from '../http/connection-requests.ts'
import { connectionJsonOf } from '../http/connection-responses.ts'
import { pageOf } from '../http/operator-requests.ts'
import { jsonResponse } from '../http/operator-responses.ts'
import { audited, type Audited } from './audited.ts'

export interface ConnectionOptions {
  readonly connections: Connections
  readonly resolveCaller: ResolveCaller
  /** Who acts, for the audit line. */
  readonly resolvePrincipal: (http: HttpRequest) => string
}

type Act = (http: HttpRequest, connections: Connections, correlationId: string) => Promise<Audited>

const make: Act = async (http, connections, correlationId) => {
  const wish = await readConnectionWish(http)
  const { view, secret } = await connections.make(wish, correlationId)
  const body = { ...(secret !== undefined && { secret }), ...connectionJsonOf(view) }
  return {
    response: jsonResponse(secret === undefined ? 200 : 201, body),
    fields: { connection: view.name, client: view.client, userHash: view.id },
  }
}

const get: Act = async (http, connections) => {
  const view = await connections.get(connectionNameOf(http))
  return { response: jsonResponse(200, connectionJsonOf(view)), fields: { connection: view.name } }
}

const list: Act = async (http, connections) => {
  const { pageSize, next } = pageOf(http)
  const page = await connections.list(pageSize, next)
  const body = { connections: page.connections.map(connectionJsonOf), next: page.next ?? null }
  return { response: jsonResponse(200, body), fields: { count: page.connections.length } }
}

const changeSecret: Act = async (http, connections) => {
  const name = connectionNameOf(http)
  const { view, secret } = await connections.changeSecret(name, await readOverlapInMs(http))
  const body = { secret, ...connectionJsonOf(view) }
  return { response: jsonResponse(200, body), fields: { connection: name, userHash: view.id } }
}

const remove: Act = async (http, connections) => {
  const name = connectionNameOf(http)
  await connections.remove(name)
  return { response: { status: 204 }, fields: { connection: name } }
}

const ACTS = {
  connection_make: make,
  connection_get: get,
  connection_list: list,
  connection_secret: changeSecret,
  connection_delete: remove,
}

/** What administrators do to connections, each with its audit line. */
export function createConnectionHandler(
  action: keyof typeof ACTS,
  options: () => ConnectionOptions,
): HttpHandler {
  return audited(action, options, (http, { connections }, { invocationId }: InvocationContext) =>
    ACTS[action](http, connections, invocationId),
  )
}
