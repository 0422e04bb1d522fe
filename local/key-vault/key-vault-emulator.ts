import { decodeJwt, errors, type JWTPayload } from 'jose'
import { applyFault, type Fault } from '../server/fault.ts'
import { sendJson } from '../server/json-response.ts'
import { createKeyVaultSecrets } from './key-vault-secrets.ts'
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
  readonly hasSecret: (name: string) => boolean
  readonly currentValue: (name: string) => string | undefined
  /** Method and path of each authenticated request, in order. Empty it to count anew. */
  readonly calls: string[]
  fault: Fault | undefined
  /** Frees the port: connections are refused until `start`. */
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const resource = 'https://localhost'
const defaultPageSize = 25

const failure = (status: number, code: string, message: string, innerCode?: string): Answer => ({
  status,
  body: { error: { code, message, ...(innerCode && { innererror: { code: innerCode } }) } },
})

const unavailable = { error: { code: 'ServiceUnavailable', message: 'The vault cannot answer now.' } }

const notFound = (name: string): Answer =>
  failure(404, 'SecretNotFound', `A secret with (name/id) ${name} was not found in this key vault.`)

function claimsOf(authorization: string | undefined): JWTPayload | undefined {
  try {
    return decodeJwt(authorization?.replace(/^Bearer /i, '') ?? '')
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined
    throw error
  }
}

/** Speaks the data plane of Key Vault's secrets as `@azure/keyvault-secrets` uses it: challenge, get, list versions, set, delete. */
export async function startKeyVaultEmulator(options: {
  readonly tls: ServerTls
  readonly port?: number | undefined
  readonly stateFile?: string | undefined
}): Promise<KeyVaultEmulator> {
  const secrets = createKeyVaultSecrets(options.stateFile)
  const calls: string[] = []

  const bundleOf = (name: string, secret: NonNullable<ReturnType<typeof secrets.find>>) => ({
    id: `${emulator.url}/secrets/${name}/${secret.version}`,
    attributes: {
      enabled: secret.enabled,
      created: secret.created,
      updated: secret.updated,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: 90,
    },
    tags: {},
  })

  function get(name: string, version: string | undefined): Answer {
    const secret = secrets.find(name, version)
    if (!secret) return notFound(version ? `${name}/${version}` : name)
    if (!secret.enabled) {
      return failure(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled')
    }
    return { status: 200, body: { ...bundleOf(name, secret), value: secret.value } }
  }

  function listVersions(name: string, query: URLSearchParams): Answer {
    const versions = secrets.versionsOf(name)
    if (!versions) return notFound(name)
    const pageSize = Number(query.get('maxresults') ?? defaultPageSize)
    const start = Number(query.get('$skiptoken') ?? 0)
    const next = start + pageSize
    const nextQuery = `api-version=${query.get('api-version')}&$skiptoken=${next}&maxresults=${pageSize}`
    return {
      status: 200,
      body: {
        value: versions.slice(start, next).map((secret) => bundleOf(name, secret)),
        nextLink: next < versions.length ? `${emulator.url}/secrets/${name}/versions?${nextQuery}` : null,
      },
    }
  }

  function answer(method: string, url: URL, body: Buffer): Answer {
    const [collection, name, version] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent)
    if (collection !== 'secrets' || !name || !/^[0-9a-z-]{1,127}$/i.test(name)) {
      return failure(400, 'BadParameter', `The request URI contains an invalid name: ${name ?? ''}`)
    }
    if (!url.searchParams.has('api-version'))
      return failure(400, 'BadParameter', 'api-version must be specified')
    if (method === 'GET' && version === 'versions') return listVersions(name, url.searchParams)
    if (method === 'GET') return get(name, version)
    if (method === 'PUT') {
      const { value } = JSON.parse(body.toString()) as { value: string }
      return { status: 200, body: { ...bundleOf(name, secrets.setSecret(name, value)), value } }
    }
    if (method === 'DELETE') {
      const secret = secrets.find(name)
      if (!secret) return notFound(name)
      secrets.deleteSecret(name)
      return {
        status: 200,
        body: { ...bundleOf(name, secret), recoveryId: `${emulator.url}/deletedsecrets/${name}` },
      }
    }
    return failure(405, 'MethodNotAllowed', `${method} is not supported by the emulator`)
  }

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
      const { status, body: answerBody } = answer(request.method ?? 'GET', url, body)
      sendJson(response, status, answerBody)
    },
  })

  const emulator: KeyVaultEmulator = {
    url: `https://vault.localhost:${server.port}`,
    setSecret: (name, value) => secrets.setSecret(name, value).version,
    disableSecret: (name, version) => secrets.setEnabled(name, version, false),
    enableSecret: (name, version) => secrets.setEnabled(name, version, true),
    deleteSecret: secrets.deleteSecret,
    hasSecret: (name) => secrets.find(name) !== undefined,
    currentValue: (name) => secrets.find(name)?.value,
    calls,
    fault: undefined,
    stop: server.stop,
    start: server.start,
    close: server.stop,
  }
  return emulator
}
