import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { JWTPayload } from 'jose'
import * as z from 'zod'
import { AadstsError, answerOf, assertKnownAadstsCode } from './aadsts-error.ts'
import {
  contosoTenantId,
  createEntraApplications,
  type ApplicationOptions,
  type EntraApplications,
} from './applications.ts'
import { createAuthorizeEndpoint } from './authorize-endpoint.ts'
import { createEntraDirectory, directoryStateSchema, type EntraDirectory } from './directory.ts'
import { createTokenEndpoint, type TokenCall } from './token-endpoint.ts'
import { createEntraTokens, createKeyState, keyStateSchema } from './tokens.ts'
import { applyFault, type Fault } from '../server/fault.ts'
import { sendJson } from '../server/json-response.ts'
import { startLoopbackServer, type ServerTls } from '../server/loopback-server.ts'
import { openStateFile } from '../process/state-file.ts'

export interface EntraEmulator extends Pick<
  EntraDirectory,
  'setUser' | 'setPassword' | 'revokeRefreshTokens'
> {
  /** `https://localhost:<port>/<tenantId>` */
  readonly authority: (tenantId?: string) => string
  readonly setApplication: (options: ApplicationOptions) => void
  readonly hasUser: (username: string) => boolean
  /** @returns the claims. @throws when the signature or the time is wrong. */
  readonly verifyAccessToken: (token: string) => Promise<JWTPayload>
  /** The requests for tokens, in order, faulty answers included. Empty it to count anew. */
  readonly calls: TokenCall[]
  /** For every request, discovery included. */
  fault: Fault | undefined
  /** An AADSTS code that every request for tokens is answered with. */
  failWith: number | undefined
  /** Is told every token that is issued, of whatever kind: for a search of the places where none may be. */
  onIssued: ((tokens: readonly string[]) => void) | undefined
  /** Default 3599. */
  accessTokenLifetimeInSeconds: number
  /** Default false, as Entra ID: a refresh token stays good when a newer one was issued. When true, a second use is refused with 70000. */
  refreshTokensAreSingleUse: boolean
  /** Frees the port: connections are refused until `start`. */
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  readonly close: () => Promise<void>
}

const stateSchema = z.object({ keys: keyStateSchema, users: directoryStateSchema })

const tokenFields = ['access_token', 'refresh_token', 'id_token'] as const

function discoveryDocument(origin: string, tenant: string): Record<string, unknown> {
  const tenantId = tenant === 'organizations' || tenant === 'common' ? '{tenantid}' : tenant
  const oauth = `${origin}/${tenant}/oauth2/v2.0`
  return {
    issuer: `${origin}/${tenantId}/v2.0`,
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    end_session_endpoint: `${oauth}/logout`,
    jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  }
}

/** MSAL sends it in the body of a password grant and in the query of a refresh grant; Entra takes a header as well. */
function correlationIdOf(request: IncomingMessage, form: URLSearchParams): string | undefined {
  const name = 'client-request-id'
  const query = new URLSearchParams(request.url?.split('?')[1])
  return request.headers[name]?.toString() ?? form.get(name) ?? query.get(name) ?? undefined
}

/** Microsoft Entra ID on this machine: discovery, signed tokens, the password and refresh grants, and the AADSTS errors. */
export async function startEntraEmulator(options: {
  readonly tls: ServerTls
  readonly port?: number | undefined
  /** Keeps users, passwords and keys, so that refresh tokens survive a restart. */
  readonly stateFile?: string | undefined
  /** Epoch milliseconds. Default: the machine's clock. */
  readonly now?: (() => number) | undefined
}): Promise<EntraEmulator> {
  const now = options.now ?? (() => Date.now())
  const stateFile = openStateFile(options.stateFile, stateSchema, () => ({
    keys: createKeyState(),
    users: {},
  }))
  stateFile.save()
  const directory = createEntraDirectory({ state: stateFile.state.users, save: stateFile.save }, now)
  const applications: EntraApplications = createEntraApplications(now)
  const tokens = await createEntraTokens(stateFile.state.keys, now)
  const lifetimeInSeconds = (): number => emulator.accessTokenLifetimeInSeconds
  const redeem = createTokenEndpoint({
    directory,
    applications,
    tokens,
    now,
    lifetimeInSeconds,
    isSingleUse: () => emulator.refreshTokensAreSingleUse,
  })

  const authorize = createAuthorizeEndpoint({ directory, applications, tokens, now })

  async function record(request: IncomingMessage, form: URLSearchParams): Promise<void> {
    const refreshToken = form.get('refresh_token')
    const grant = refreshToken ? await tokens.openGrant(refreshToken).catch(() => undefined) : undefined
    const username = form.get('username') ?? grant?.username
    const correlationId = correlationIdOf(request, form)
    emulator.calls.push({
      grantType: form.get('grant_type') ?? '',
      ...(username && { username }),
      clientId: form.get('client_id') ?? '',
      scope: form.get('scope') ?? '',
      ...(correlationId && { correlationId }),
      at: now(),
    })
  }

  const server = await startLoopbackServer({
    tls: options.tls,
    port: options.port,
    handle: async (request, body, response) => {
      const [path = ''] = (request.url ?? '').split('?')
      const [, tenant = '', endpoint = ''] = /^\/([^/]+)\/(.+)$/.exec(path) ?? []
      const isTokenRequest = request.method === 'POST' && endpoint === 'oauth2/v2.0/token'
      const form = new URLSearchParams(body.toString())
      if (isTokenRequest) await record(request, form)
      if (!(await applyFault(emulator.fault, request, response))) return

      const correlationId = correlationIdOf(request, form) ?? randomUUID()
      response.setHeader('x-ms-request-id', randomUUID())
      try {
        if (isTokenRequest) {
          if (emulator.failWith !== undefined) {
            const username = form.get('username') ?? undefined
            throw new AadstsError(emulator.failWith, {
              username,
              tenant,
              clientId: form.get('client_id') ?? '',
            })
          }
          const answer = await redeem(form, tenant, origin)
          emulator.onIssued?.(tokenFields.flatMap((field) => (answer[field] as string | undefined) ?? []))
          sendJson(response, 200, answer)
        } else if (endpoint === 'oauth2/v2.0/authorize') {
          const query = new URLSearchParams(request.url?.split('?')[1])
          const { status, html } =
            request.method === 'POST'
              ? await authorize.submit(query, form, tenant)
              : authorize.show(query, tenant)
          response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(html)
        } else if (endpoint === 'v2.0/.well-known/openid-configuration') {
          if (tenant !== 'common') applications.assertTenant(tenant)
          sendJson(response, 200, discoveryDocument(origin, tenant))
        } else if (endpoint === 'discovery/v2.0/keys') {
          sendJson(response, 200, tokens.jwks)
        } else {
          response.writeHead(404).end()
        }
      } catch (error) {
        if (!(error instanceof AadstsError)) throw error
        const answer = answerOf(error, correlationId, now())
        for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
        sendJson(response, answer.status, answer.body)
      }
    },
  })
  const origin = `https://localhost:${server.port}`

  let failWith: number | undefined
  const emulator: EntraEmulator = {
    authority: (tenantId = contosoTenantId) => `${origin}/${tenantId}`,
    setUser: directory.setUser,
    setPassword: directory.setPassword,
    revokeRefreshTokens: directory.revokeRefreshTokens,
    hasUser: (username) => directory.find(username) !== undefined,
    setApplication: applications.setApplication,
    verifyAccessToken: tokens.verify,
    calls: [],
    fault: undefined,
    get failWith() {
      return failWith
    },
    set failWith(code) {
      if (code !== undefined) assertKnownAadstsCode(code)
      failWith = code
    },
    onIssued: undefined,
    accessTokenLifetimeInSeconds: 3599,
    refreshTokensAreSingleUse: false,
    stop: server.stop,
    start: server.start,
    close: server.stop,
  }
  return emulator
}
