import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { createTokenEntryTable } from '../../src/adapters/tables/token-entry-table.ts'
import { sealingKeyOf } from '../../src/crypto/envelope.ts'
import type { TestBroker } from './broker.ts'

type Entity = Record<string, string>

/** The parts of MSAL's serialized cache, each by MSAL's own key. */
export interface MsalCache {
  readonly Account: Record<string, Entity>
  readonly AccessToken: Record<string, Entity>
  readonly RefreshToken: Record<string, Entity>
}

/** Opens every row of the token cache with the vault's key. */
export async function storedCaches(broker: TestBroker): Promise<MsalCache[]> {
  const table = new TableClient(broker.azurite.tableServiceUrl, 'tokencache', new ManagedIdentityCredential())
  const secret = Buffer.from(broker.keyVault.currentValue('token-cache-encryption-key') ?? '', 'base64')
  const keyRing = {
    current: async () => sealingKeyOf('', secret),
    byId: async (id: string) => sealingKeyOf(id, secret),
  }
  const store = createTokenEntryTable({ table, keyRing, timeoutInMs: 10_000 })
  const caches: MsalCache[] = []
  for await (const { partitionKey = '' } of table.listEntities()) {
    const entry = (await store.read(partitionKey))?.entry
    if (entry) caches.push(JSON.parse(entry.serializedCache) as MsalCache)
  }
  return caches
}
