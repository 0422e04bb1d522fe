import { hkdfSync } from 'node:crypto'
import { createKeyedDigest } from '../../crypto/keyed-digest.ts'
import { keyBytesOf, perSecret, requiredSecret } from './vault-key.ts'
import type { VaultSecrets } from './vault-secrets.ts'

const INDEX_KEY = 'token-cache-index-key'

/**
 * Names rows by keyed digests, under `token-cache-index-key`. That secret must stay as it is: another value is an empty cache.
 * Both methods throw {@link BrokerError} `misconfigured` or `temporarily_unavailable`.
 */
export interface RowNames {
  /** Of the entry of a user of a client profile. */
  readonly resolveEntryKey: (client: string, username: string) => Promise<string>
  /** Of the user's row of refused passwords, and of one password in it. */
  readonly resolveAttempt: (
    authority: string,
    username: string,
    password: string,
  ) => Promise<{ readonly rowKey: string; readonly digest: string }>
}

export function createRowNames(secrets: VaultSecrets): RowNames {
  const digestsOf = perSecret((secret) => {
    const key = keyBytesOf(secret)
    const refusalKey = hkdfSync('sha256', key, '', 'entra-token-broker refusals 1', 32)
    return { entry: createKeyedDigest(key), refusal: createKeyedDigest(new Uint8Array(refusalKey)) }
  })
  const digests = async () => digestsOf(await requiredSecret(secrets, INDEX_KEY))
  return {
    resolveEntryKey: async (client, username) => (await digests()).entry(client, username),
    async resolveAttempt(authority, username, password) {
      const { refusal } = await digests()
      return {
        rowKey: refusal('user', authority, username),
        digest: refusal('password', authority, username, password),
      }
    },
  }
}
