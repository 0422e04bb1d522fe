import type { KeyVaultSecrets, SecretVersion } from './key-vault-secrets.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface ApiRequest {
  readonly method: string
  readonly url: URL
  readonly body: Buffer
}

const defaultPageSize = 25

const failure = (status: number, code: string, message: string, innerCode?: string): Answer => ({
  status,
  body: { error: { code, message, ...(innerCode && { innererror: { code: innerCode } }) } },
})

const notFound = (name: string): Answer =>
  failure(404, 'SecretNotFound', `A secret with (name/id) ${name} was not found in this key vault.`)

const attributesOf = ({ enabled, created, updated }: SecretVersion) => ({
  enabled,
  created,
  updated,
  recoveryLevel: 'Recoverable+Purgeable',
  recoverableDays: 90,
})

/** One page, and where the next one is. */
function pageOf<T>(all: readonly T[], url: URL, itemOf: (one: T) => object): Answer {
  const size = Number(url.searchParams.get('maxresults') ?? defaultPageSize)
  const start = Number(url.searchParams.get('$skiptoken') ?? 0)
  const next = new URL(url)
  next.searchParams.set('$skiptoken', String(start + size))
  const value = all.slice(start, start + size).map((one) => itemOf(one))
  return { status: 200, body: { value, nextLink: start + size < all.length ? next.href : null } }
}

/**
 * The data plane of Key Vault's secrets, as far as `@azure/keyvault-secrets` uses it to set, get, list, delete and recover:
 * https://learn.microsoft.com/rest/api/keyvault/secrets.
 *
 * @param origin the vault's, of which the identifiers are made.
 */
export function createSecretsApi(secrets: KeyVaultSecrets, origin: () => string) {
  const itemOf = (name: string, secret: SecretVersion, version = '') => ({
    id: `${origin()}/secrets/${name}${version}`,
    ...(secret.contentType !== undefined && { contentType: secret.contentType }),
    attributes: attributesOf(secret),
    tags: {},
  })
  const bundleOf = (name: string, secret: SecretVersion) => itemOf(name, secret, `/${secret.version}`)
  const deletedItemOf = (name: string, secret: SecretVersion) => ({
    ...bundleOf(name, secret),
    recoveryId: `${origin()}/deletedsecrets/${name}`,
    deletedDate: secret.deleted,
  })
  function getDeleted(name: string): Answer {
    const secret = secrets.findDeleted(name)
    return secret ? { status: 200, body: deletedItemOf(name, secret) } : notFound(name)
  }

  function get(name: string, version: string | undefined): Answer {
    const secret = secrets.find(name, version)
    if (!secret) return notFound(version ? `${name}/${version}` : name)
    if (!secret.enabled) {
      return failure(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled')
    }
    return { status: 200, body: { ...bundleOf(name, secret), value: secret.value } }
  }

  function set(name: string, body: Buffer): Answer {
    if (secrets.findDeleted(name)) {
      const message = `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused.`
      return failure(409, 'Conflict', message, 'ObjectIsDeletedButRecoverable')
    }
    const { value, contentType } = JSON.parse(body.toString()) as { value: string; contentType?: string }
    return {
      status: 200,
      body: { ...bundleOf(name, secrets.setSecret(name, value, contentType)), value },
    }
  }

  function remove(name: string): Answer {
    if (!secrets.find(name)) return notFound(name)
    secrets.deleteSecret(name)
    return getDeleted(name)
  }

  function recover(name: string): Answer {
    const secret = secrets.findDeleted(name)
    if (!secret) return notFound(name)
    secrets.recoverSecret(name)
    return { status: 200, body: bundleOf(name, secret) }
  }

  function listVersions(name: string, url: URL): Answer {
    const versions = secrets.versionsOf(name)
    return versions ? pageOf(versions, url, (secret) => bundleOf(name, secret)) : notFound(name)
  }

  return ({ method, url, body }: ApiRequest): Answer => {
    const [collection = '', name = '', rest = ''] = url.pathname
      .split('/')
      .filter(Boolean)
      .map(decodeURIComponent)
    if (!/^[0-9a-z-]{0,127}$/i.test(name)) {
      return failure(400, 'BadParameter', `The request URI contains an invalid name: ${name}`)
    }
    if (!url.searchParams.has('api-version'))
      return failure(400, 'BadParameter', 'api-version must be specified')
    const isVersion = rest !== '' && rest !== 'versions' && rest !== 'recover'
    const template = ['', collection, name && '{name}', isVersion ? '{version}' : rest]
    switch (`${method} ${template.join('/').replace(/\/+$/, '')}`) {
      case 'GET /secrets':
        return pageOf(secrets.current(), url, ([each, secret]) => itemOf(each, secret))
      case 'GET /secrets/{name}':
      case 'GET /secrets/{name}/{version}':
        return get(name, rest || undefined)
      case 'GET /secrets/{name}/versions':
        return listVersions(name, url)
      case 'PUT /secrets/{name}':
        return set(name, body)
      case 'DELETE /secrets/{name}':
        return remove(name)
      case 'GET /deletedsecrets':
        return pageOf(secrets.deleted(), url, ([each, secret]) => deletedItemOf(each, secret))
      case 'GET /deletedsecrets/{name}':
        return getDeleted(name)
      case 'POST /deletedsecrets/{name}/recover':
        return recover(name)
      default:
        return failure(405, 'MethodNotAllowed', `${method} ${url.pathname} is not supported by the emulator`)
    }
  }
}
