import { BrokerError } from '../../core/broker-error.ts'
import type { VaultSecret, VaultSecrets } from './vault-secrets.ts'

const MIN_KEY_IN_BYTES = 32

/** @throws {BrokerError} `misconfigured` when it is absent or disabled, `temporarily_unavailable` when the vault fails. */
export async function requiredSecret(secrets: VaultSecrets, name: string): Promise<VaultSecret> {
  const secret = await secrets.get(name)
  if (typeof secret === 'string') {
    throw new BrokerError('misconfigured', { logDetail: `Key Vault: secret ${name} is ${secret}` })
  }
  return secret
}

/** The bytes of a key that is kept as base64. @throws {BrokerError} `misconfigured` */
export function keyBytesOf({ name, value }: VaultSecret): Uint8Array {
  const bytes = /^[\w+/-]+={0,2}$/.test(value.trim()) ? Buffer.from(value.trim(), 'base64') : Buffer.alloc(0)
  if (bytes.length < MIN_KEY_IN_BYTES) {
    throw new BrokerError('misconfigured', {
      logDetail: `Key Vault: secret ${name} must be base64 of at least ${MIN_KEY_IN_BYTES} random bytes`,
    })
  }
  return bytes
}

/** Derives once per secret that was read. */
export function perSecret<T>(derive: (secret: VaultSecret) => T): (secret: VaultSecret) => T {
  const derived = new WeakMap<VaultSecret, T>()
  return (secret) => {
    const known = derived.get(secret) ?? derive(secret)
    derived.set(secret, known)
    return known
  }
}
