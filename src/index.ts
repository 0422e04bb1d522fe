import { app, type HttpFunctionOptions, type HttpMethod } from '@azure/functions'
import { composeOnce } from './composition.ts'
import { alwaysAnswering } from './functions/always-answering.ts'
import { createConnectHandler } from './functions/connect.ts'
import { createConnectionHandler } from './functions/connections.ts'
import { countingEvents } from './functions/counted-events.ts'
import { createDoctorHandler } from './functions/doctor.ts'
import { health } from './functions/health.ts'
import { createOAuthMetadataHandler } from './functions/oauth-metadata.ts'
import { openapi } from './functions/openapi.ts'
import { createReadyHandler } from './functions/ready.ts'
import { createRefreshChunkHandler } from './functions/refreshchunk.ts'
import { createRefreshTokensHandler } from './functions/refreshtokens.ts'
import { createRequestTokenHandler } from './functions/requesttoken.ts'
import { status } from './functions/status.ts'
import { createStatusDataHandler } from './functions/statusdata.ts'
import { createTokenHandler } from './functions/token.ts'
import { createOperatorHandler } from './functions/tokens.ts'
import { queueNames } from './storage-names.ts'

// Otherwise the host hands on no body that comes in chunks, which is how .NET and many others send theirs.
app.setup({ enableHttpStream: true })

const composition = composeOnce(process.env, {
  now: () => Date.now(),
  elapsed: () => performance.now(),
})

const writeEvent = countingEvents(() => composition().activity)

/** No HTTP function is registered in any other way. */
function serve(name: string, options: HttpFunctionOptions): void {
  app.http(name, { ...options, handler: alwaysAnswering(options.handler) })
}

/** All of them reach the handler, which answers 405: the host's own answer to a method that is not listed is 404. */
const ANY_METHOD: HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

// The names are the routes: the Logic Apps action for Functions cannot call a function with a custom route.
serve('requesttoken', {
  methods: ANY_METHOD,
  authLevel: 'function',
  handler: createRequestTokenHandler(() => composition().requestToken, writeEvent),
})

// For OAuth 2.0 client libraries.
serve('token', {
  route: 'oauth2/token',
  methods: ANY_METHOD,
  authLevel: 'function',
  handler: createTokenHandler(() => composition().requestToken, writeEvent),
})

serve('oauthmetadata', {
  route: '.well-known/oauth-authorization-server',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: createOAuthMetadataHandler(() => composition().publicUrl),
})

// `useMonitor` is the default for schedules of a minute or longer; `runOnStartup` would run at every scale-out.
app.timer('refreshtokens', {
  schedule: '%REFRESH_SCHEDULE%',
  useMonitor: true,
  handler: createRefreshTokensHandler(() => composition().refreshTokens, writeEvent),
})

app.storageQueue('refreshchunk', {
  queueName: queueNames.refreshChunk,
  connection: 'DataStorage',
  handler: createRefreshChunkHandler(() => composition().refreshChunk, writeEvent),
})

// For operators. The host refuses routes that begin with `admin`.
const operate = (action: Parameters<typeof createOperatorHandler>[0]) =>
  createOperatorHandler(action, () => composition().operate)
serve('tokens', { methods: ['GET'], authLevel: 'admin', handler: operate('list') })
serve('tokensfind', {
  route: 'tokens/find',
  methods: ['POST'],
  authLevel: 'admin',
  handler: operate('find'),
})
serve('tokensforgetuser', {
  route: 'tokens/forget',
  methods: ['POST'],
  authLevel: 'admin',
  handler: operate('forget_user'),
})
serve('tokensforget', {
  route: 'tokens/{userHash}',
  methods: ['DELETE'],
  authLevel: 'admin',
  handler: operate('forget'),
})
serve('tokensforgetclient', {
  route: 'tokens',
  methods: ['DELETE'],
  authLevel: 'admin',
  handler: operate('forget_client'),
})

const connect = (action: Parameters<typeof createConnectionHandler>[0]) =>
  createConnectionHandler(action, () => composition().connections)
serve('connections', { methods: ['GET'], authLevel: 'admin', handler: connect('connection_list') })
serve('connectionmake', {
  route: 'connections/{name}',
  methods: ['PUT'],
  authLevel: 'admin',
  handler: connect('connection_make'),
})
serve('connectionget', {
  route: 'connections/{name}',
  methods: ['GET'],
  authLevel: 'admin',
  handler: connect('connection_get'),
})
serve('connectiondelete', {
  route: 'connections/{name}',
  methods: ['DELETE'],
  authLevel: 'admin',
  handler: connect('connection_delete'),
})
serve('connectionsecret', {
  route: 'connections/{name}/secret',
  methods: ['POST'],
  authLevel: 'admin',
  handler: connect('connection_secret'),
})

// For people: everything under it, so that whatever a link scanner tries is answered here.
serve('connect', {
  route: 'connect/{*rest}',
  methods: ANY_METHOD,
  authLevel: 'anonymous',
  handler: createConnectHandler(() => composition().connect),
})

serve('openapi', { route: 'openapi.json', methods: ['GET'], authLevel: 'anonymous', handler: openapi })

// The page is for anybody, and holds nothing; what it shows is for operators.
serve('status', { methods: ['GET'], authLevel: 'anonymous', handler: status })
serve('statusdata', {
  route: 'status/data',
  methods: ['GET'],
  authLevel: 'admin',
  handler: createStatusDataHandler(() => composition().status),
})

serve('doctor', {
  methods: ['GET'],
  authLevel: 'admin',
  handler: createDoctorHandler(() => composition().doctor),
})

serve('ready', {
  methods: ['GET'],
  authLevel: 'function',
  handler: createReadyHandler(async () => composition().checkReadiness()),
})

serve('health', { methods: ['GET'], authLevel: 'anonymous', handler: health })
