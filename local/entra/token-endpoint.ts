import { AadstsError } from './aadsts-error.ts'
import type { Application, EntraApplications } from './applications.ts'
import type { EntraDirectory, EntraUser } from './directory.ts'
import { codeChallengeOf } from './authorize-endpoint.ts'
import type { CodeGrant, EntraTokens } from './tokens.ts'

/** One request for tokens that reached the emulator, for tests to count. Never holds a password. */
export interface TokenCall {
  readonly grantType: string
  /** For a refresh, the user that the refresh token was issued to. */
  readonly username?: string
  readonly clientId: string
  readonly scope: string
  readonly correlationId?: string
  /** Epoch milliseconds, by the emulator's clock. */
  readonly at: number
}

export interface TokenEndpointOptions {
  readonly directory: EntraDirectory
  readonly applications: EntraApplications
  readonly tokens: EntraTokens
  readonly now: () => number
  readonly lifetimeInSeconds: () => number
  /** Whether a refresh token is refused when it is used again. */
  readonly isSingleUse: () => boolean
}

const refreshTokenLifetimeInMs = 90 * 24 * 60 * 60 * 1000
const GRANTS = ['password', 'refresh_token', 'client_credentials', 'authorization_code']
const codeLifetimeInMs = 10 * 60 * 1000
const oidcScopes = new Set(['openid', 'profile', 'offline_access', 'email'])

function required(form: URLSearchParams, parameter: string): string {
  const value = form.get(parameter)
  if (!value) throw new AadstsError(900144, { parameter })
  return value
}

/** `https://contoso.crm.dynamics.com/.default` → `https://contoso.crm.dynamics.com` */
function resourceOf(scopes: readonly string[], application: Application, tenant: string): string {
  const asked = scopes.filter((scope) => !oidcScopes.has(scope))
  const resources = new Set(asked.map((scope) => scope.slice(0, scope.lastIndexOf('/'))))
  const [resource, another] = resources
  if (!resource) throw new AadstsError(70011)
  if (another) throw new AadstsError(700022)
  const isKnown = application.resources.some(
    (known) => known.replace(/\/$/, '') === resource.replace(/\/$/, ''),
  )
  if (!isKnown) throw new AadstsError(500011, { resource, tenant })
  return resource
}

/** `POST /{tenant}/oauth2/v2.0/token` with the grants `password`, `refresh_token`, `client_credentials` and `authorization_code`, as Entra's v2.0 endpoint behaves. */
export function createTokenEndpoint(options: TokenEndpointOptions) {
  const { directory, applications, tokens, now, lifetimeInSeconds } = options
  const usedRefreshTokens = new Set<string>()
  const usedCodes = new Set<string>()

  async function refresh(
    form: URLSearchParams,
    application: Application,
    isConfidential: boolean,
  ): Promise<EntraUser> {
    const refreshToken = required(form, 'refresh_token')
    const grant = await tokens.openGrant(refreshToken)
    const user = directory.find(grant.username)
    const { issuedAt, username } = grant
    if (!user || grant.clientId !== application.clientId || grant.isConfidential !== isConfidential) {
      throw new AadstsError(70000)
    }
    if (grant.revocationGeneration !== user.revocationGeneration) {
      throw new AadstsError(user.revocationCode, { issuedAt, username })
    }
    if (!grant.isConfidential && grant.passwordGeneration !== user.passwordGeneration) {
      throw new AadstsError(50173, { issuedAt })
    }
    if (now() - issuedAt >= refreshTokenLifetimeInMs) throw new AadstsError(700082, { issuedAt })
    if (options.isSingleUse()) {
      if (usedRefreshTokens.has(refreshToken)) throw new AadstsError(70000)
      usedRefreshTokens.add(refreshToken)
    }
    return user
  }

  async function redeem(form: URLSearchParams, application: Application): Promise<CodeGrant> {
    const code = await tokens.openCode(required(form, 'code'))
    const { clientId } = application
    if (code.clientId !== clientId) throw new AadstsError(70000)
    if (usedCodes.has(code.id)) throw new AadstsError(54005)
    if (now() - code.issuedAt >= codeLifetimeInMs) throw new AadstsError(70008, { issuedAt: code.issuedAt })
    if (form.get('redirect_uri') !== code.redirectUri) throw new AadstsError(500112)
    if (codeChallengeOf(required(form, 'code_verifier')) !== code.codeChallenge) throw new AadstsError(501481)
    usedCodes.add(code.id)
    return code
  }

  async function userOf(
    grantType: string,
    form: URLSearchParams,
    {
      application,
      isConfidential,
      tenant,
    }: { application: Application; isConfidential: boolean; tenant: string },
  ): Promise<{ user: EntraUser; nonce?: string }> {
    if (grantType === 'password') {
      return { user: directory.signIn(required(form, 'username'), required(form, 'password'), tenant) }
    }
    if (grantType === 'refresh_token') return { user: await refresh(form, application, isConfidential) }
    const { username, nonce } = await redeem(form, application)
    const user = directory.find(username)
    if (!user) throw new AadstsError(50034, { username, tenant })
    return { user, nonce }
  }

  async function byApplication(
    request: {
      readonly application: Application
      readonly isConfidential: boolean
      readonly scopes: readonly string[]
      readonly resource: string
    },
    issuer: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { application, resource } = request
    const { clientId, failWith } = application
    if (!request.isConfidential) throw new AadstsError(7000218, { clientId })
    if (request.scopes.some((scope) => !scope.endsWith('/.default'))) throw new AadstsError(1002012)
    if (failWith !== undefined) throw new AadstsError(failWith, { clientId, resource })
    const expiresIn = lifetimeInSeconds()
    const token = await tokens.applicationTokenOf(
      { application, resource, lifetimeInSeconds: expiresIn },
      issuer,
    )
    return { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token }
  }

  /** @throws {AadstsError} */
  return async (
    form: URLSearchParams,
    tenant: string,
    origin: string,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const grantType = required(form, 'grant_type')
    if (!GRANTS.includes(grantType)) throw new AadstsError(70003, { parameter: grantType })
    if (tenant === 'common' || tenant === 'consumers') throw new AadstsError(9001023)
    applications.assertTenant(tenant)
    required(form, 'client_id')
    const tokenEndpoint = `${origin}/${tenant}/oauth2/v2.0/token`
    const { application, isConfidential } = await applications.authenticate(form, tenant, tokenEndpoint)
    const scopes = required(form, 'scope').split(/\s+/)
    const resource = resourceOf(scopes, application, tenant)
    if (grantType === 'client_credentials') {
      return byApplication({ application, isConfidential, scopes, resource }, `${origin}/${tenant}/v2.0`)
    }
    const { user, nonce } = await userOf(grantType, form, { application, isConfidential, tenant })
    const { username, objectId, failWith, passwordGeneration, revocationGeneration } = user
    const { clientId, tenantId } = application
    if (failWith !== undefined) throw new AadstsError(failWith, { username, tenant, clientId, resource })

    const request = { user, application, resource, lifetimeInSeconds: lifetimeInSeconds(), nonce }
    const issuer = `${origin}/${tenantId}/v2.0`
    return {
      token_type: 'Bearer',
      scope: `${resource}/user_impersonation ${resource}/.default`,
      expires_in: request.lifetimeInSeconds,
      ext_expires_in: request.lifetimeInSeconds,
      access_token: await tokens.accessTokenOf(request, issuer),
      ...(scopes.includes('offline_access') && {
        refresh_token: await tokens.sealGrant({
          username,
          clientId,
          resource,
          isConfidential,
          passwordGeneration,
          revocationGeneration,
          issuedAt: now(),
        }),
      }),
      ...(scopes.includes('openid') && { id_token: await tokens.idTokenOf(request, issuer) }),
      ...(form.get('client_info') === '1' && {
        client_info: Buffer.from(JSON.stringify({ uid: objectId, utid: tenantId })).toString('base64url'),
      }),
    }
  }
}
