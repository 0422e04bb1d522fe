import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmulators, type Emulators } from '../../local/emulators.ts'
import '../../local/server/loopback-names.ts'
import type { Clock } from '../../src/core/clock.ts'
import { createInstance, type Instance } from './instance.ts'
import { startStorageGateway, type StorageGateway } from './storage-gateway.ts'
import { trust } from './trust.ts'

/** A busy machine must not look like an outage. */
const PATIENT = { IDENTITY_PROVIDER_TIMEOUT: '20', STORAGE_TIMEOUT: '10', REQUEST_DEADLINE: '110' }

/** Instances in this process that share the emulators, with one gateway before the tables. */
export interface Instances extends Pick<Emulators, 'entra' | 'keyVault' | 'azurite'> {
  readonly gateway: StorageGateway
  create(settings?: Readonly<Record<string, string>>, clock?: Partial<Clock>): Instance
  close(): Promise<void>
}

export async function startInstances(): Promise<Instances> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const emulators = await startEmulators({ folder, portBase: 0, isStorageInMemory: true })
  const { entra, keyVault, azurite, environment, tls } = emulators
  trust(tls)
  Object.assign(process.env, environment)
  const gateway = await startStorageGateway(tls, azurite.tableServiceUrl)
  return {
    entra,
    keyVault,
    azurite,
    gateway,
    create: (settings, clock) =>
      createInstance({ ...environment, ...PATIENT, TABLE_SERVICE_URL: gateway.url, ...settings }, clock),
    async close() {
      await gateway.close()
      await emulators.close()
      await rm(folder, { recursive: true })
    },
  }
}
