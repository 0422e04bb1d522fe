import { join } from 'node:path'
import { seedDemoTenant } from './demo/demo-tenant.ts'
import { startEntraEmulator, type EntraEmulator } from './entra/entra-emulator.ts'
import { startKeyVaultEmulator, type KeyVaultEmulator } from './key-vault/key-vault-emulator.ts'
import {
  startManagedIdentityEmulator,
  type ManagedIdentityEmulator,
} from './managed-identity/managed-identity-emulator.ts'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from './server/certificate-authority.ts'
import { startAzurite, type Azurite } from './storage/azurite.ts'
import { fillStorageAccount } from './storage/storage-account.ts'

export interface Emulators {
  /** What the broker's process needs to find them, to trust them and to sign in to them. */
  readonly environment: Readonly<Record<string, string>>
  readonly tls: CertificateAuthority
  readonly keyVault: KeyVaultEmulator
  readonly entra: EntraEmulator
  readonly azurite: Azurite
  readonly close: () => Promise<void>
}

const storageResource = 'https://storage.azure.com'

/** The ports of the emulators, and of the Functions host's own storage, from the first of the ten on. */
export const emulatorPortsFrom = (base: number) => ({
  azurite: { blob: base, queue: base + 1, table: base + 2 },
  keyVault: base + 3,
  entra: base + 4,
  identity: base + 5,
  hostStorage: { blob: base + 7, queue: base + 8, table: base + 9 },
})

/**
 * Starts everything that the broker talks to, on this machine alone, and fills it for a first request. What they hold is kept
 * in `folder` and found again at the next start, but for a storage account that is kept in memory. Takes less than a second.
 *
 * @throws {PortError} or {StartError}, after ending what was started.
 */
export async function startEmulators(options: {
  readonly folder: string
  /** The first of the ports; 0 for free ones. */
  readonly portBase: number
  /** Default false. For many entries: on disk, Azurite writes all that it holds every few seconds. */
  readonly isStorageInMemory?: boolean | undefined
  /** The Entra emulator's clock, epoch milliseconds. */
  readonly now?: (() => number) | undefined
}): Promise<Emulators> {
  const { folder, portBase, isStorageInMemory = false, now } = options
  const ports: Partial<ReturnType<typeof emulatorPortsFrom>> =
    portBase === 0 ? {} : emulatorPortsFrom(portBase)
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
    }) as [Azurite, KeyVaultEmulator, EntraEmulator, ManagedIdentityEmulator]
    const { caCertificatePem } = tls
    const token = await identity.tokenFor(storageResource)
    await fillStorageAccount(azurite, { caCertificatePem, token })
    seedDemoTenant(keyVault, entra)
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
