import { app, type HttpFunctionOptions, type HttpMethod } from '@azure/functions'
import type { HttpName } from './broker.ts'
import { health } from './functions/health.ts'
import { queueNames } from './storage-names.ts'

// Otherwise the host hands on no body that comes in chunks, which is how .NET and many others send theirs.
app.setup({ enableHttpStream: true })

/**
 * Everything that an answer needs: the SDKs, MSAL, the schemas. The platform waits until the functions are registered; so this file
 * names them, and the rest is loaded right after.
 */
const broker = once(() => import('./broker.ts'))
setImmediate(() => void broker().catch(() => {}))

/** No HTTP function but `health` is registered in any other way. */
function serve(name: HttpName, options: Omit<HttpFunctionOptions, 'handler'>): void {
  app.http(name, {
    ...options,
    handler: async (http, context) => (await broker()).answer(name)(http, context),
  })
}

/** All of them reach the handler, which answers 405: the host's own answer to a method that is not listed is 404. */
const ANY_METHOD: HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

// The names are the routes: the Logic Apps action for Functions cannot call a function with a custom route.
serve('requesttoken', { methods: ANY_METHOD, authLevel: 'function' })

// For OAuth 2.0 client libraries.
serve('token', { route: 'oauth2/token', methods: ANY_METHOD, authLevel: 'function' })
serve('oauthmetadata', {
  route: '.well-known/oauth-authorization-server',
  methods: ['GET'],
  authLevel: 'anonymous',
})

// `useMonitor` is the default for schedules of a minute or longer; `runOnStartup` would run at every scale-out.
app.timer('refreshtokens', {
  schedule: '%REFRESH_SCHEDULE%',
  useMonitor: true,
  handler: async (timer, context) => (await broker()).refreshTokens(timer, context),
})

app.storageQueue('refreshchunk', {
  queueName: queueNames.refreshChunk,
  connection: 'DataStorage',
  handler: async (message, context) => (await broker()).refreshChunk(message, context),
})

// For operators. The host refuses routes that begin with `admin`.
serve('tokens', { methods: ['GET'], authLevel: 'admin' })
serve('tokensfind', { route: 'tokens/find', methods: ['POST'], authLevel: 'admin' })
serve('tokensforgetuser', { route: 'tokens/forget', methods: ['POST'], authLevel: 'admin' })
serve('tokensforget', { route: 'tokens/{userHash}', methods: ['DELETE'], authLevel: 'admin' })
serve('tokensforgetclient', { route: 'tokens', methods: ['DELETE'], authLevel: 'admin' })

serve('connections', { methods: ['GET'], authLevel: 'admin' })
serve('connectionmake', { route: 'connections/{name}', methods: ['PUT'], authLevel: 'admin' })
serve('connectionget', { route: 'connections/{name}', methods: ['GET'], authLevel: 'admin' })
serve('connectiondelete', { route: 'connections/{name}', methods: ['DELETE'], authLevel: 'admin' })
serve('connectionsecret', { route: 'connections/{name}/secret', methods: ['POST'], authLevel: 'admin' })

// For people: everything under it, so that whatever a link scanner tries is answered here.
serve('connect', { route: 'connect/{*rest}', methods: ANY_METHOD, authLevel: 'anonymous' })

serve('openapi', { route: 'openapi.json', methods: ['GET'], authLevel: 'anonymous' })

// The page is for anybody, and holds nothing; what it shows is for operators.
serve('status', { methods: ['GET'], authLevel: 'anonymous' })
serve('statusdata', { route: 'status/data', methods: ['GET'], authLevel: 'admin' })

serve('doctor', { methods: ['GET'], authLevel: 'admin' })
serve('ready', { methods: ['GET'], authLevel: 'function' })
app.http('health', { methods: ['GET'], authLevel: 'anonymous', handler: health })

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => (loading ??= load())
}
