import { BrokerError } from '../../core/broker-error.ts'
import type { ParsedSecrets } from './parsed-secret.ts'
import type { VaultSecret } from './vault-secrets.ts'

/** What random generators are usually asked for. Any other length was not made by one. */
const KEY_LENGTHS_IN_BYTES: readonly number[] = [32, 48, 64]

/** @throws {BrokerError} `misconfigured` when it is absent, disabled or malformed, `temporarily_unavailable` when the vault fails. */
export async function requiredSecret<T extends object>(parsed: ParsedSecrets<T>, name: string): Promise<T> {
  const value = await parsed.get(name)
  if (typeof value === 'string') {
    throw new BrokerError('misconfigured', { logDetail: `Key Vault: secret ${name} is ${value}` })
  }
  return value
}

/** The bytes of a key that is kept as base64. @throws {BrokerError} `misconfigured` */
export function keyBytesOf({ name, value }: VaultSecret): Uint8Array {
  const text = value.replace(/^\uFEFF/, '').trim()
  const bytes = /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (!KEY_LENGTHS_IN_BYTES.includes(bytes.length) || isPassPhrase(text)) {
    throw new BrokerError('misconfigured', {
      logDetail: `Key Vault: secret ${name} must be base64 of 32 random bytes, as of: openssl rand -base64 32`,
    })
  }
  return bytes
}

/** A pass phrase may be base64 as well. Of 43 random letters, once in 10^6 none is a digit or a sign; of a phrase, nearly always. */
function isPassPhrase(text: string): boolean {
  return !/[A-Z]/.test(text) || !/[a-z]/.test(text) || !/[\d+/_-]/.test(text)
}
