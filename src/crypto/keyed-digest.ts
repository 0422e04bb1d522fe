import { hash } from 'node:crypto'

const BLOCK_IN_BYTES = 64

/**
 * HMAC-SHA-256 (RFC 2104) over a list of strings, base64url (43 characters, safe in a table key). Each part is preceded by its
 * length, so that `('ab', 'c')` and `('a', 'bc')` differ. Two one-shot hashes: a quarter of the time of `createHmac`, which
 * makes a key object at each call.
 */
export function createKeyedDigest(key: Uint8Array): (...parts: string[]) => string {
  const short = key.length > BLOCK_IN_BYTES ? hash('sha256', key, 'buffer') : key
  const padded = (byte: number) =>
    Buffer.from(Array.from({ length: BLOCK_IN_BYTES }, (_, at) => (short[at] ?? 0) ^ byte))
  const inner = padded(0x36)
  const outer = padded(0x5c)
  return (...parts) => {
    const message = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('')
    const digest = hash('sha256', Buffer.concat([inner, Buffer.from(message)]), 'buffer')
    return hash('sha256', Buffer.concat([outer, digest]), 'base64url')
  }
}
