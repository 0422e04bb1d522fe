import { randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { join } from 'node:path'
import { queueNames, tableNames } from '../src/storage-names.ts'
import { startAzurite, type Azurite } from './storage/azurite.ts'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from './server/certificate-authority.ts'
import { startEntraEmulator, type EntraEmulator } from './entra/entra-emulator.ts'
import { startKeyVaultEmulator, type KeyVaultEmulator } from './key-vault/key-vault-emulator.ts'
import { startManagedIdentityEmulator } from './managed-identity/managed-identity-emulator.ts'

export interface Emulators {
  /** What the broker's process needs to find them, to trust them and to sign in to them. */
  readonly environment: Readonly<Record<string, string>>
  readonly tls: CertificateAuthority
  readonly keyVault: KeyVaultEmulator
  readonly entra: EntraEmulator
  readonly azurite: Azurite
  readonly close: () => Promise<void>
}

export const demoUser = { username: 'demo@contoso.example', password: 'Correct-Horse-Battery-1' } as const
export const demoResource = 'https://contoso.crm.dynamics.com'
export const demoClientId = 'd1c7a7f4-5b1e-4c1f-9d39-0b7a5c1de0aa'

const storageResource = 'https://storage.azure.com'

/** Makes what the deployment makes in the storage account, or finds that it is there. */
function createStorage(azurite: Azurite, ca: string, token: string): Promise<unknown> {
  const create = (method: string, url: string, body?: object): Promise<void> => {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json;odata=nometadata',
      'x-ms-version': '2019-02-02',
    }
    return new Promise((resolve, reject) => {
      const call = request(url, { method, headers, ca, agent: false }, (response) => {
        response.resume()
        const { statusCode = 0 } = response
        if ([201, 204, 409].includes(statusCode)) resolve()
        else reject(new Error(`Azurite answered ${statusCode} to ${method} ${url}`))
      })
      call.on('error', reject)
      call.end(body && JSON.stringify(body))
    })
  }
  const { tableServiceUrl, queueServiceUrl } = azurite
  return Promise.all([
    ...Object.values(tableNames).map((name) =>
      create('POST', `${tableServiceUrl}/Tables`, { TableName: name }),
    ),
    ...Object.values(queueNames).map((name) => create('PUT', `${queueServiceUrl}/${name}`)),
  ])
}

/** What every start needs, and what a first start adds: nothing that is there already is changed. */
function seed(keyVault: KeyVaultEmulator, entra: EntraEmulator): void {
  for (const name of ['token-cache-encryption-key', 'token-cache-index-key']) {
    if (!keyVault.hasSecret(name)) keyVault.setSecret(name, randomBytes(32).toString('base64'))
  }
  const profile = JSON.stringify({
    authority: entra.authority(),
    clientId: demoClientId,
    resource: demoResource,
  })
  if (keyVault.currentValue('client-default') !== profile) keyVault.setSecret('client-default', profile)
  entra.setApplication({ clientId: demoClientId, publicClientFlows: true })
  if (!entra.hasUser(demoUser.username)) entra.setUser(demoUser)
}

const portsFrom = (base: number) => ({
  azurite: { blob: base, queue: base + 1, table: base + 2 },
  keyVault: base + 11,
  entra: base + 12,
  identity: base + 13,
})

/**
 * Starts everything that the broker talks to, on this machine alone, and fills it for a first request. What they hold is kept
 * in `folder` and found again at the next start, but for a storage account that is kept in memory. Takes less than a second.
 *
 * @throws {PortError} after ending what was started.
 */
export async function startEmulators(options: {
  readonly folder: string
  /** The first of the 14 ports; 0 for free ones. Default 10000. */
  readonly portBase?: number | undefined
  /** Default false. For many entries: on disk, Azurite writes all that it holds every few seconds. */
  readonly isStorageInMemory?: boolean | undefined
  /** The Entra emulator's clock, epoch milliseconds. */
  readonly now?: (() => number) | undefined
}): Promise<Emulators> {
  const { folder, portBase = 10_000, isStorageInMemory = false, now } = options
  const ports: Partial<ReturnType<typeof portsFrom>> = portBase === 0 ? {} : portsFrom(portBase)
  const tls = await loadOrCreateCertificateAuthority(join(folder, 'tls'))
  const started = await Promise.allSettled([
    startAzurite({
      tls,
      folder: isStorageInMemory ? undefined : join(folder, 'azurite'),
      ports: ports.azurite,
    }),
    startKeyVaultEmulator({ tls, port: ports.keyVault, stateFile: join(folder, 'key-vault.json') }),
    startEntraEmulator({ tls, port: ports.entra, stateFile: join(folder, 'entra.json'), now }),
    startManagedIdentityEmulator({ port: ports.identity }),
  ])
  const close = async (): Promise<void> => {
    await Promise.all(started.map(async (one) => one.status === 'fulfilled' && (await one.value.close())))
  }
  try {
    const [azurite, keyVault, entra, identity] = started.map((one) => {
      if (one.status === 'rejected') throw one.reason as Error
      return one.value
    }) as [Azurite, KeyVaultEmulator, EntraEmulator, Awaited<ReturnType<typeof startManagedIdentityEmulator>>]
    const token = await identity.tokenFor(storageResource)
    await createStorage(azurite, tls.caCertificatePem, token)
    seed(keyVault, entra)
    return {
      environment: {
        KEY_VAULT_URL: keyVault.url,
        TABLE_SERVICE_URL: azurite.tableServiceUrl,
        DataStorage__queueServiceUri: azurite.queueServiceUrl,
        ...identity.environment,
        AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
        NODE_EXTRA_CA_CERTS: tls.caFile,
        REFRESH_SCHEDULE: '0 * * * * *',
      },
      tls,
      keyVault,
      entra,
      azurite,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
