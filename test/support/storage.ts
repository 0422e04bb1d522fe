import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { startAzurite, type Azurite } from '../../local/storage/azurite.ts'
import { loadOrCreateCertificateAuthority } from '../../local/server/certificate-authority.ts'
import { startManagedIdentityEmulator } from '../../local/managed-identity/managed-identity-emulator.ts'
import { trust } from './trust.ts'

export interface Storage {
  readonly azurite: Azurite
  /** A table of its own for the caller. */
  createTable(): Promise<TableClient>
  close(): Promise<void>
}

/** Azurite over TLS with managed identity, in memory. */
export async function startStorage(): Promise<Storage> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const tls = await loadOrCreateCertificateAuthority(folder)
  trust(tls)
  const [azurite, identity] = await Promise.all([startAzurite({ tls }), startManagedIdentityEmulator()])
  Object.assign(process.env, identity.environment)
  const credential = new ManagedIdentityCredential()
  let tables = 0
  return {
    azurite,
    async createTable() {
      const table = new TableClient(azurite.tableServiceUrl, `table${++tables}`, credential)
      await table.createTable()
      return table
    },
    async close() {
      await Promise.all([azurite.close(), identity.close()])
      await rm(folder, { recursive: true })
    },
  }
}
