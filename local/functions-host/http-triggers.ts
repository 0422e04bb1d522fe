import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpCookie, HttpData, NullableStrings, RegisteredFunction } from './functions-core-types.ts'
import { triggerOf, type InvokeFunction } from './invocation.ts'

const bodyLimitInBytes = 100 * 1024 * 1024

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

const nullable = (entries: Iterable<[string, string]>): NullableStrings =>
  Object.fromEntries([...entries].map(([key, value]) => [key, { value }]))

function cookieHeader({ name, value, path, domain, maxAge, secure, httpOnly }: HttpCookie): string {
  return [
    `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    path?.value && `Path=${path.value}`,
    domain?.value && `Domain=${domain.value}`,
    maxAge?.value !== undefined && `Max-Age=${maxAge.value}`,
    secure?.value && 'Secure',
    httpOnly?.value && 'HttpOnly',
  ]
    .filter(Boolean)
    .join('; ')
}

function send(response: ServerResponse, http: HttpData | undefined): void {
  if (!http) {
    response.writeHead(204).end()
    return
  }
  for (const [name, value] of Object.entries(http.headers ?? {})) response.setHeader(name, value)
  if (http.cookies?.length) response.setHeader('Set-Cookie', http.cookies.map(cookieHeader))
  const body = http.body?.bytes ?? new Uint8Array()
  const status = Number(http.statusCode)
  if (status !== 204 && status !== 304) response.setHeader('Content-Length', body.length)
  response.writeHead(status).end(body)
}

/** Serves the functions with an HTTP trigger, under `routePrefix: ""`. No key is asked for, as with `func start`. */
export function createHttpTriggers(registered: readonly RegisteredFunction[], invoke: InvokeFunction) {
  const routes = registered
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((one) => routeOf(one))

  return async (request: IncomingMessage, bytes: Buffer, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`)
    const route = routes.find(
      ({ methods, pattern }) => methods.includes(request.method ?? '') && pattern.test(url.pathname),
    )
    if (!route || bytes.length > bodyLimitInBytes) {
      response.writeHead(route ? 413 : 404).end()
      return
    }
    const params = Object.entries(route.pattern.exec(url.pathname)?.groups ?? {})
    const headers = Object.entries(request.headersDistinct).map(([name, values]): [string, string] => [
      name,
      (values ?? []).join(', '),
    ])
    // Without HTTP streaming the real host hands on no body that came without a length.
    const body = request.headers['transfer-encoding'] === undefined ? bytes : Buffer.alloc(0)
    try {
      const { returnValue } = await invoke(route.registered, {
        http: {
          method: request.method ?? 'GET',
          url: url.href,
          nullableHeaders: nullable(headers),
          nullableQuery: nullable(url.searchParams),
          nullableParams: nullable(params.filter(([, value]) => value !== undefined)),
          body: { bytes: body },
        },
      })
      send(response, returnValue?.http)
    } catch {
      if (!response.headersSent) response.writeHead(500).end()
    }
  }
}
