import { BrokerError } from '../../core/broker-error.ts'
import { sealingKeyOf, type SealingKey } from '../../crypto/envelope.ts'
import { createKeyedDigest } from '../../crypto/keyed-digest.ts'
import type { VaultSecret, VaultSecrets } from './vault-secrets.ts'

const ENCRYPTION_KEY = 'token-cache-encryption-key'
const INDEX_KEY = 'token-cache-index-key'
const MIN_KEY_IN_BYTES = 32

/** The two keys of the token cache. All methods throw {@link BrokerError} `misconfigured` or `temporarily_unavailable`. */
export interface CacheKeys {
  /** Seals what is written now: the newest version of `token-cache-encryption-key`. */
  current(): Promise<SealingKey>
  /** An older version, as long as it is enabled; an envelope names it. */
  byId(id: string): Promise<SealingKey | undefined>
  /** Names an entry; `token-cache-index-key`, which must stay as it is: another value is an empty cache. */
  readonly entryKeyOf: (client: string, username: string) => Promise<string>
}

export function createCacheKeys(secrets: VaultSecrets): CacheKeys {
  const sealingKeys = perSecret((secret) => sealingKeyOf(secret.version, keyBytesOf(secret)))
  const digests = perSecret((secret) => createKeyedDigest(keyBytesOf(secret)))

  async function required(name: string): Promise<VaultSecret> {
    const secret = await secrets.get(name)
    if (typeof secret === 'string') {
      throw new BrokerError('misconfigured', { logDetail: `Key Vault: secret ${name} is ${secret}` })
    }
    return secret
  }

  return {
    current: async () => sealingKeys(await required(ENCRYPTION_KEY)),
    async byId(id) {
      const current = await required(ENCRYPTION_KEY)
      if (current.version === id) return sealingKeys(current)
      // The id comes from a row: nothing but a version may reach the vault's address.
      if (!/^[0-9a-zA-Z]{1,64}$/.test(id)) return undefined
      const older = await secrets.get(ENCRYPTION_KEY, id)
      return typeof older === 'string' ? undefined : sealingKeys(older)
    },
    entryKeyOf: async (client, username) => digests(await required(INDEX_KEY))(client, username),
  }
}

/** Derives once per secret that was read. */
function perSecret<T>(derive: (secret: VaultSecret) => T): (secret: VaultSecret) => T {
  const derived = new WeakMap<VaultSecret, T>()
  return (secret) => {
    const known = derived.get(secret) ?? derive(secret)
    derived.set(secret, known)
    return known
  }
}

function keyBytesOf({ name, value }: VaultSecret): Uint8Array {
  const bytes = /^[\w+/-]+={0,2}$/.test(value.trim()) ? Buffer.from(value.trim(), 'base64') : Buffer.alloc(0)
  if (bytes.length < MIN_KEY_IN_BYTES) {
    throw new BrokerError('misconfigured', {
      logDetail: `Key Vault: secret ${name} must be base64 of at least ${MIN_KEY_IN_BYTES} random bytes`,
    })
  }
  return bytes
}
