import { BrokerError } from '../../core/broker-error.ts'
import { sealingKeyOf, type SealingKey } from '../../crypto/envelope.ts'
import { createParsedSecrets } from './parsed-secret.ts'
import { keyBytesOf, requiredSecret } from './vault-key.ts'
import type { VaultProblems } from './vault-problems.ts'
import type { VaultSecret, VaultSecrets } from './vault-secrets.ts'

const ENCRYPTION_KEY = 'token-cache-encryption-key'

/** The keys that seal what is stored. */
export interface SealingKeys {
  /** Seals what is written now: the newest version. @throws {BrokerError} `misconfigured`, `temporarily_unavailable`. */
  current(): Promise<SealingKey>
  /**
   * An older version, which an envelope names. `absent`: there is no such key and never will be. `unavailable`: it cannot be
   * had now, because the vault fails or the version is disabled.
   */
  byId(id: string): Promise<SealingKey | 'absent' | 'unavailable'>
}

export function createSealingKeys(secrets: VaultSecrets, problems: VaultProblems): SealingKeys {
  const keyOf = (secret: VaultSecret) => sealingKeyOf(secret.version, keyBytesOf(secret))
  const parsed = createParsedSecrets(secrets, problems, keyOf)
  /** Deriving takes a hash: once per version that was read. */
  const derived = new WeakMap<VaultSecret, SealingKey>()

  async function older(id: string): Promise<SealingKey | 'absent' | 'unavailable'> {
    // The id comes from a row: nothing but a version may reach the vault's address.
    if (!/^[0-9a-zA-Z]{1,64}$/.test(id)) return 'absent'
    const secret = await secrets.get(ENCRYPTION_KEY, id)
    if (secret === 'disabled') return 'unavailable'
    if (secret === 'absent') return 'absent'
    const key = derived.get(secret) ?? keyOf(secret)
    derived.set(secret, key)
    return key
  }

  return {
    current: () => requiredSecret(parsed, ENCRYPTION_KEY),
    async byId(id) {
      try {
        const current = await requiredSecret(parsed, ENCRYPTION_KEY)
        return current.id === id ? current : await older(id)
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        // A version that is no key stays none.
        return error.code === 'misconfigured' ? 'absent' : 'unavailable'
      }
    },
  }
}
