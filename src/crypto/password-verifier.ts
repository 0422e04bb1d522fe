import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

// 32 MiB and about 70 ms a password: the verifier lies inside a sealed entry, so this is the second wall, and it must
// fit several at once into a 512 MB instance. RFC 7914, section 2.
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const SALT_IN_BYTES = 16
const HASH_IN_BYTES = 32

/** @returns `<salt>.<hash>`, both base64url. */
export async function createPasswordVerifier(password: string): Promise<string> {
  const salt = randomBytes(SALT_IN_BYTES)
  return `${salt.toString('base64url')}.${(await hashOf(password, salt)).toString('base64url')}`
}

/** Compares in constant time. A verifier that is none matches nothing. */
export async function matchesPassword(verifier: string, password: string): Promise<boolean> {
  const [salt = '', hash = ''] = verifier.split('.')
  const expected = Buffer.from(hash, 'base64url')
  if (expected.length !== HASH_IN_BYTES) return false
  return timingSafeEqual(await hashOf(password, Buffer.from(salt, 'base64url')), expected)
}

function hashOf(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_IN_BYTES, COST, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}
