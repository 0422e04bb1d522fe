import { sealingKeyOf, type SealingKey } from '../../crypto/envelope.ts'
import { keyBytesOf, perSecret, requiredSecret } from './vault-key.ts'
import type { VaultSecrets } from './vault-secrets.ts'

const ENCRYPTION_KEY = 'token-cache-encryption-key'

/** The keys that seal what is stored. Both methods throw {@link BrokerError} `misconfigured` or `temporarily_unavailable`. */
export interface SealingKeys {
  /** Seals what is written now: the newest version of `token-cache-encryption-key`. */
  current(): Promise<SealingKey>
  /** An older version, as long as it is enabled; an envelope names it. */
  byId(id: string): Promise<SealingKey | undefined>
}

export function createSealingKeys(secrets: VaultSecrets): SealingKeys {
  const keyOf = perSecret((secret) => sealingKeyOf(secret.version, keyBytesOf(secret)))
  return {
    current: async () => keyOf(await requiredSecret(secrets, ENCRYPTION_KEY)),
    async byId(id) {
      const current = await requiredSecret(secrets, ENCRYPTION_KEY)
      if (current.version === id) return keyOf(current)
      // The id comes from a row: nothing but a version may reach the vault's address.
      if (!/^[0-9a-zA-Z]{1,64}$/.test(id)) return undefined
      const older = await secrets.get(ENCRYPTION_KEY, id)
      return typeof older === 'string' ? undefined : keyOf(older)
    },
  }
}
