import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  type JsonWebKey,
} from 'node:crypto'
import {
  base64url,
  compactDecrypt,
  CompactEncrypt,
  errors,
  importJWK,
  jwtVerify,
  SignJWT,
  type JWK,
  type JWTPayload,
} from 'jose'
import * as z from 'zod'
import { AadstsError } from './aadsts-error.ts'
import type { Application } from './applications.ts'
import type { EntraUser } from './directory.ts'

/** The keys, so that tokens outlive a restart. */
export const keyStateSchema = z.object({
  signingKey: z.custom<JWK>((key) => isPrivateJwk(key)),
  /** Base64url of 32 bytes. */
  refreshTokenKey: z.base64url().length(43),
})

export type KeyState = z.infer<typeof keyStateSchema>

function isPrivateJwk(key: unknown): boolean {
  try {
    createPrivateKey({ key: key as JsonWebKey, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/** What a refresh token stands for. Entra's are opaque to the client; these are encrypted, so that none need be stored. */
export interface RefreshGrant {
  readonly username: string
  readonly clientId: string
  readonly resource: string
  readonly isConfidential: boolean
  readonly passwordGeneration: number
  readonly revocationGeneration: number
  /** Epoch milliseconds. */
  readonly issuedAt: number
}

/** What an authorization code stands for. */
export interface CodeGrant {
  /** A code is used once. */
  readonly id: string
  readonly username: string
  readonly clientId: string
  readonly redirectUri: string
  readonly nonce: string
  readonly codeChallenge: string
  /** Epoch milliseconds. */
  readonly issuedAt: number
}

export interface TokenRequest {
  readonly user: EntraUser
  readonly application: Application
  readonly resource: string
  readonly lifetimeInSeconds: number
  /** Of the authorization request; it comes back in the ID token. */
  readonly nonce?: string | undefined
}

export interface EntraTokens {
  readonly jwks: { readonly keys: readonly JWK[] }
  readonly accessTokenOf: (request: TokenRequest, issuer: string) => Promise<string>
  /** Of an application by itself: no user is in it. */
  readonly applicationTokenOf: (request: Omit<TokenRequest, 'user'>, issuer: string) => Promise<string>
  readonly idTokenOf: (request: TokenRequest, issuer: string) => Promise<string>
  readonly sealGrant: (grant: RefreshGrant) => Promise<string>
  /** @throws {AadstsError} 70000 for anything that `sealGrant` did not make. */
  readonly openGrant: (refreshToken: string) => Promise<RefreshGrant>
  readonly sealCode: (code: CodeGrant) => Promise<string>
  /** @throws {AadstsError} 70000 for anything that `sealCode` did not make. */
  readonly openCode: (code: string) => Promise<CodeGrant>
  /** @throws when the signature, the time or the shape is wrong. */
  readonly verify: (token: string) => Promise<JWTPayload>
}

export function createKeyState(): KeyState {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    signingKey: {
      ...(privateKey.export({ format: 'jwk' }) as JWK),
      kid: randomUUID(),
      alg: 'RS256',
      use: 'sig',
    },
    refreshTokenKey: randomBytes(32).toString('base64url'),
  }
}

/** The same user has another `sub` in each application. */
const pairwiseSubject = ({ user, application }: TokenRequest): string =>
  createHash('sha256').update(`${user.objectId} ${application.clientId}`).digest('base64url')

const userClaimsOf = (request: TokenRequest): JWTPayload => ({
  sub: pairwiseSubject(request),
  oid: request.user.objectId,
  preferred_username: request.user.username,
})

export async function createEntraTokens(keys: KeyState, now: () => number): Promise<EntraTokens> {
  const { kty, n, e, kid = '', alg = 'RS256', use } = keys.signingKey
  const publicJwk = { kty, n, e, kid, alg, use } as JWK
  const [privateKey, publicKey] = await Promise.all([
    importJWK(keys.signingKey, alg),
    importJWK(publicJwk, alg),
  ])
  const refreshTokenKey = base64url.decode(keys.refreshTokenKey)

  const sign = (
    claims: JWTPayload,
    { application, lifetimeInSeconds }: Omit<TokenRequest, 'user'>,
    issuer: string,
    audience: string,
  ): Promise<string> => {
    const issuedAt = Math.floor(now() / 1000)
    return new SignJWT({
      tid: application.tenantId,
      ver: '2.0',
      uti: randomBytes(16).toString('base64url'),
      ...claims,
    })
      .setProtectedHeader({ typ: 'JWT', alg, kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(issuedAt + lifetimeInSeconds)
      .sign(privateKey)
  }

  const encrypted = (value: object): Promise<string> =>
    new CompactEncrypt(Buffer.from(JSON.stringify(value)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(refreshTokenKey)

  async function decrypted<T>(sealed: string): Promise<T> {
    try {
      const { plaintext } = await compactDecrypt(sealed, refreshTokenKey)
      return JSON.parse(Buffer.from(plaintext).toString()) as T
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new AadstsError(70000)
      throw error
    }
  }

  return {
    jwks: { keys: [publicJwk] },
    accessTokenOf: (request, issuer) => {
      const { clientId } = request.application
      const claims = { upn: request.user.username, scp: 'user_impersonation', appid: clientId, azp: clientId }
      return sign(
        { ...userClaimsOf(request), ...claims, jti: randomUUID() },
        request,
        issuer,
        request.resource,
      )
    },
    applicationTokenOf: (request, issuer) => {
      const { clientId } = request.application
      const claims = {
        sub: clientId,
        oid: clientId,
        appid: clientId,
        azp: clientId,
        idtyp: 'app',
        roles: ['Access'],
      }
      return sign({ ...claims, jti: randomUUID() }, request, issuer, request.resource)
    },
    idTokenOf: (request, issuer) =>
      sign(
        {
          ...userClaimsOf(request),
          name: request.user.username,
          ...(request.nonce !== undefined && { nonce: request.nonce }),
        },
        request,
        issuer,
        request.application.clientId,
      ),
    sealGrant: async (grant) => `1.${await encrypted(grant)}`,
    openGrant: async (refreshToken) => decrypted<RefreshGrant>(refreshToken.replace(/^1\./, '')),
    sealCode: async (code) => `0.${await encrypted(code)}`,
    openCode: async (code) => decrypted<CodeGrant>(code.replace(/^0\./, '')),
    verify: async (token) => {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [alg],
        currentDate: new Date(now()),
      })
      return payload
    },
  }
}
