import type { IncomingMessage, ServerResponse } from 'node:http'
import type { StreamHandler } from '../server/loopback-server.ts'
import type { RegisteredFunction } from './functions-core-types.ts'
import { triggerOf } from './invocation.ts'

/** A request for one function, its body not read yet. */
export interface HttpCall {
  readonly registered: RegisteredFunction
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  /** Of the route, decoded as little as the URL itself. */
  readonly params: Readonly<Record<string, string>>
}

interface Route {
  readonly registered: RegisteredFunction
  readonly methods: readonly string[]
  readonly pattern: RegExp
}

/** `things/{id:int?}` as a pattern with a group for each parameter; case does not matter. */
function patternOf(template: string): RegExp {
  const segments = template.split('/').map((segment) => {
    const [, catchAll, name, optional] = /^\{(\*?)(\w+)(?::[^}?]+)?(\??)\}$/.exec(segment) ?? []
    if (!name) return `/${segment.replaceAll(/[^\w-]/g, '\\$&')}`
    if (catchAll) return `(?:/(?<${name}>.*))?`
    return optional ? `(?:/(?<${name}>[^/]+))?` : `/(?<${name}>[^/]+)`
  })
  return new RegExp(`^${segments.join('')}/?$`, 'i')
}

function routeOf(registered: RegisteredFunction): Route {
  const { binding } = triggerOf(registered)
  const template = ((binding['route'] as string | undefined) ?? registered.metadata.name).replace(/^\//, '')
  if (/^(admin|runtime)(\/|$)/i.test(template)) {
    throw new Error(`The route "${template}" conflicts with one of the Functions host.`)
  }
  const methods = (binding['methods'] as readonly string[]).map((method) => method.toUpperCase())
  return { registered, methods, pattern: patternOf(template) }
}

/** Finds the function for a request, under `routePrefix: ""`. No key is asked for, as with `func start`. */
export function createHttpRoutes(
  registered: readonly RegisteredFunction[],
  answer: (call: HttpCall) => Promise<void>,
): StreamHandler {
  const routes = registered
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((one) => routeOf(one))

  return async (request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`)
    const route = routes.find(
      ({ methods, pattern }) => methods.includes(request.method ?? '') && pattern.test(url.pathname),
    )
    if (!route) {
      response.writeHead(404).end()
      return
    }
    const groups = Object.entries(route.pattern.exec(url.pathname)?.groups ?? {})
    const params = Object.fromEntries(groups.filter(([, value]) => value !== undefined))
    await answer({ registered: route.registered, request, response, url, params })
  }
}

/** Each header once; what came several times is joined. */
export function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(', ')]),
  )
}
