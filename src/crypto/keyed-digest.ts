import { createHmac } from 'node:crypto'

/**
 * HMAC-SHA-256 over a list of strings, base64url (43 characters, safe in a table key). Each part is preceded by its
 * length, so that `('ab', 'c')` and `('a', 'bc')` differ.
 */
export function createKeyedDigest(key: Uint8Array): (...parts: string[]) => string {
  return (...parts) => {
    const hmac = createHmac('sha256', key)
    for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part)
    return hmac.digest('base64url')
  }
}
