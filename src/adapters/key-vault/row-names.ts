import { hkdfSync } from 'node:crypto'
import type { RowNames } from '../../core/request/row-names.ts'
import { createKeyedDigest } from '../../crypto/keyed-digest.ts'
import { createParsedSecrets } from './parsed-secret.ts'
import { keyBytesOf, requiredSecret } from './vault-key.ts'
import type { VaultProblems } from './vault-problems.ts'
import type { VaultSecrets } from './vault-secrets.ts'

const INDEX_KEY = 'token-cache-index-key'

/**
 * Names rows by keyed digests, under `token-cache-index-key`. That secret must stay as it is: another value is an empty cache.
 * All methods throw {@link BrokerError} `misconfigured` or `temporarily_unavailable`.
 */
export interface VaultRowNames extends RowNames {
  /** Of whoever calls the broker, for the log. */
  readonly resolveCaller: (...parts: string[]) => Promise<string>
  /** Of the row that leads from a connection's secret to the connection. */
  readonly resolveSecretKey: (secret: string) => Promise<string>
}

export function createRowNames(secrets: VaultSecrets, problems: VaultProblems): VaultRowNames {
  const parsed = createParsedSecrets(secrets, problems, (secret) => {
    const key = keyBytesOf(secret)
    const derived = (purpose: string) =>
      createKeyedDigest(new Uint8Array(hkdfSync('sha256', key, '', `entra-token-broker ${purpose}`, 32)))
    return {
      entry: createKeyedDigest(key),
      refusal: derived('refusals 1'),
      caller: derived('callers 1'),
      connection: derived('connections 1'),
    }
  })
  const digests = () => requiredSecret(parsed, INDEX_KEY)
  return {
    resolveEntryKey: async (client, username) => (await digests()).entry(client, username),
    resolveCaller: async (...parts) => (await digests()).caller(...parts),
    resolveSecretKey: async (secret) => (await digests()).connection(secret),
    async resolveAttempt(authority, username, password) {
      const { refusal } = await digests()
      return {
        rowKey: refusal('user', authority, username),
        digest: refusal('password', authority, username, password),
      }
    },
  }
}
