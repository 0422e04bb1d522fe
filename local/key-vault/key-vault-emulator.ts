import { decodeJwt, errors, type JWTPayload } from 'jose'
import { applyFault, type Fault } from '../server/fault.ts'
import { sendJson } from '../server/json-response.ts'
import { createKeyVaultSecrets } from './key-vault-secrets.ts'
import { createSecretsApi } from './secrets-api.ts'
import { startLoopbackServer, type ServerTls } from '../server/loopback-server.ts'

export interface KeyVaultEmulator {
  /** `https://vault.localhost:<port>`: a host below the challenge's resource, which is what SecretClient insists on. */
  readonly url: string
  /** @returns the new version's identifier. */
  readonly setSecret: (name: string, value: string) => string
  /** One version, or every one. */
  readonly disableSecret: (name: string, version?: string) => void
  readonly enableSecret: (name: string, version?: string) => void
  readonly deleteSecret: (name: string) => void
  readonly currentValue: (name: string) => string | undefined
  /** Method and path of each authenticated request, in order. Empty it to count anew. */
  readonly calls: string[]
  fault: Fault | undefined
  /** Frees the port: connections are refused until `start`. */
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  readonly close: () => Promise<void>
}

const resource = 'https://localhost'

const unavailable = { error: { code: 'ServiceUnavailable', message: 'The vault cannot answer now.' } }

function claimsOf(authorization: string | undefined): JWTPayload | undefined {
  try {
    return decodeJwt(authorization?.replace(/^Bearer /i, '') ?? '')
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined
    throw error
  }
}

/** A Key Vault over HTTPS, for its secrets: the challenge, and what {@link createSecretsApi} answers. */
export async function startKeyVaultEmulator(options: {
  readonly tls: ServerTls
  readonly port?: number | undefined
  readonly stateFile?: string | undefined
}): Promise<KeyVaultEmulator> {
  const secrets = createKeyVaultSecrets(options.stateFile)
  const calls: string[] = []

  const answer = createSecretsApi(secrets, () => emulator.url)

  const server = await startLoopbackServer({
    tls: options.tls,
    port: options.port,
    handle: async (request, body, response) => {
      if (!(await applyFault(emulator.fault, request, response, unavailable))) return
      const url = new URL(request.url ?? '/', emulator.url)
      if (claimsOf(request.headers.authorization)?.aud !== resource) {
        const challenge = `Bearer authorization="https://login.microsoftonline.com/common", resource="${resource}"`
        response.setHeader('WWW-Authenticate', challenge)
        sendJson(response, 401, {
          error: { code: 'Unauthorized', message: 'AKV10000: Request is missing a Bearer or PoP token.' },
        })
        return
      }
      calls.push(`${request.method} ${url.pathname.replace(/\/$/, '')}`)
      const { status, body: answerBody } = answer({ method: request.method ?? 'GET', url, body })
      sendJson(response, status, answerBody)
    },
  })

  const emulator: KeyVaultEmulator = {
    url: `https://vault.localhost:${server.port}`,
    setSecret: (name, value) => secrets.setSecret(name, value).version,
    disableSecret: (name, version) => secrets.setEnabled(name, version, false),
    enableSecret: (name, version) => secrets.setEnabled(name, version, true),
    deleteSecret: secrets.deleteSecret,
    currentValue: (name) => secrets.find(name)?.value,
    calls,
    fault: undefined,
    stop: server.stop,
    start: server.start,
    close: server.stop,
  }
  return emulator
}
