import { createKeyedDigest } from '../../crypto/keyed-digest.ts'
import { keyBytesOf, perSecret, requiredSecret } from './vault-key.ts'
import type { VaultSecrets } from './vault-secrets.ts'

const INDEX_KEY = 'token-cache-index-key'

/**
 * Names entries by a digest over profile and user name, under `token-cache-index-key`. That secret must stay as it is: another
 * value is an empty cache.
 *
 * @throws {BrokerError} `misconfigured`, `temporarily_unavailable`.
 */
export type EntryNames = (client: string, username: string) => Promise<string>

export function createEntryNames(secrets: VaultSecrets): EntryNames {
  const digestBy = perSecret((secret) => createKeyedDigest(keyBytesOf(secret)))
  return async (client, username) => digestBy(await requiredSecret(secrets, INDEX_KEY))(client, username)
}
