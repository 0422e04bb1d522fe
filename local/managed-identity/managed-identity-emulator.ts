import { randomBytes, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { sendJson } from '../server/json-response.ts'
import { startLoopbackServer } from '../server/loopback-server.ts'
import { machineNow } from '../process/machine-clock.ts'

export interface ManagedIdentityEmulator {
  /** What App Service sets for an app that has an identity. */
  readonly environment: Readonly<Record<'IDENTITY_ENDPOINT' | 'IDENTITY_HEADER', string>>
  /** The token that the endpoint would answer. */
  readonly tokenFor: (resource: string) => Promise<string>
  readonly close: () => Promise<void>
}

const dayInSeconds = 24 * 60 * 60

/** The same in every run, so that it can stand in a `local.settings.json`. It protects nothing: the tokens open emulators only. */
const identityHeader = 'local-identity-header'

/** Its object id, likewise: an application trusts it by this name. */
export const identityObjectId = '1d0e5ca1-5b1e-4c1f-9d39-0b7a5c1de0aa'

/**
 * The managed-identity endpoint of App Service and Functions (2019-08-01). Its tokens are ones that Azurite's
 * `--oauth basic` accepts: it reads the claims and checks no signature. They are valid from a day ago and for ten years, so
 * that a test's clock may differ.
 */
export async function startManagedIdentityEmulator(
  options: { readonly port?: number | undefined } = {},
): Promise<ManagedIdentityEmulator> {
  const signingKey = randomBytes(32)
  const issuedAt = Math.floor(machineNow() / 1000) - dayInSeconds
  const expiresOn = issuedAt + 3650 * dayInSeconds
  const claims = { tid: randomUUID(), oid: identityObjectId, appid: randomUUID(), idtyp: 'app', ver: '1.0' }

  const tokenFor = (resource: string): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(`https://sts.windows.net/${claims.tid}/`)
      .setAudience(resource)
      .setSubject(claims.oid)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(expiresOn)
      .sign(signingKey)

  const server = await startLoopbackServer({
    port: options.port,
    handle: async (request, _body, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1')
      const resource = url.searchParams.get('resource')
      if (request.headers['x-identity-header'] !== identityHeader) {
        sendJson(response, 401, { statusCode: 401, message: 'The X-IDENTITY-HEADER is missing or wrong.' })
      } else if (url.pathname !== '/msi/token' || !resource || !url.searchParams.has('api-version')) {
        sendJson(response, 400, { statusCode: 400, message: 'Ask /msi/token with resource and api-version.' })
      } else {
        sendJson(response, 200, {
          access_token: await tokenFor(resource),
          expires_on: String(expiresOn),
          resource,
          token_type: 'Bearer',
          client_id: claims.appid,
        })
      }
    },
  })
  return {
    environment: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${server.port}/msi/token`,
      IDENTITY_HEADER: identityHeader,
    },
    tokenFor,
    close: server.stop,
  }
}
