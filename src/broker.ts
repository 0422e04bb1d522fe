import type { HttpHandler } from '@azure/functions'
import { composeOnce } from './composition.ts'
import { alwaysAnswering } from './functions/always-answering.ts'
import { createConnectHandler } from './functions/connect.ts'
import { createConnectionHandler } from './functions/connections.ts'
import { countingEvents } from './functions/counted-events.ts'
import { createDoctorHandler } from './functions/doctor.ts'
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

const composition = composeOnce(process.env, {
  now: () => Date.now(),
  elapsed: () => performance.now(),
})

const writeEvent = countingEvents(() => composition().activity)
const operate = (action: Parameters<typeof createOperatorHandler>[0]) =>
  createOperatorHandler(action, () => composition().operate)
const administer = (action: Parameters<typeof createConnectionHandler>[0]) =>
  createConnectionHandler(action, () => composition().connections)

/** By the names that they are registered under. */
const httpHandlers = {
  requesttoken: createRequestTokenHandler(() => composition().requestToken, writeEvent),
  token: createTokenHandler(() => composition().requestToken, writeEvent),
  oauthmetadata: createOAuthMetadataHandler(() => composition().publicUrl),
  tokens: operate('list'),
  tokensfind: operate('find'),
  tokensforgetuser: operate('forget_user'),
  tokensforget: operate('forget'),
  tokensforgetclient: operate('forget_client'),
  connections: administer('connection_list'),
  connectionmake: administer('connection_make'),
  connectionget: administer('connection_get'),
  connectiondelete: administer('connection_delete'),
  connectionsecret: administer('connection_secret'),
  connect: createConnectHandler(() => composition().connect),
  openapi,
  status,
  statusdata: createStatusDataHandler(() => composition().status),
  doctor: createDoctorHandler(() => composition().doctor),
  ready: createReadyHandler(async () => composition().checkReadiness()),
}

export type HttpName = keyof typeof httpHandlers

/** No HTTP function is answered in any other way. */
export const answer = (name: HttpName): HttpHandler => ANSWERING[name]

const ANSWERING = Object.fromEntries(
  Object.entries(httpHandlers).map(([name, handler]) => [name, alwaysAnswering(handler)]),
) as Record<HttpName, HttpHandler>

export const refreshTokens = createRefreshTokensHandler(() => composition().refreshTokens, writeEvent)
export const refreshChunk = createRefreshChunkHandler(() => composition().refreshChunk, writeEvent)
