import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

// 32 MiB and about 70 ms a password: the verifier lies inside a sealed entry, so this is the second wall, and it must
// fit several at once into a 512 MB instance. RFC 7914, section 2.
const COST = { ln: 15, r: 8, p: 1 } as const
const SALT_IN_BYTES = 16
const HASH_IN_BYTES = 32
/** What a verifier may ask for at most: a forged one must not cost more than a real one of a later version would. */
const MAX_COST = { ln: 17, r: 8, p: 4 } as const

/** A PHC string: `$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>`, base64 without padding. */
const FORMAT = /^\$scrypt\$ln=(\d{1,2}),r=(\d),p=(\d)\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/

interface Cost {
  readonly ln: number
  readonly r: number
  readonly p: number
}

/** @returns a PHC string, which says with what cost it was made. */
export async function createPasswordVerifier(password: string): Promise<string> {
  const salt = randomBytes(SALT_IN_BYTES)
  const hash = await hashOf(password, salt, COST)
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64Of(salt)}$${base64Of(hash)}`
}

/** Compares in constant time. A verifier that is none matches nothing. */
export async function matchesPassword(verifier: string, password: string): Promise<boolean> {
  const [, ln, r, p, salt = '', hash = ''] = FORMAT.exec(verifier) ?? []
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  if (!isDefined(cost) || !isAffordable(cost)) return false
  const expected = Buffer.from(hash, 'base64')
  return timingSafeEqual(await hashOf(password, Buffer.from(salt, 'base64'), cost), expected)
}

/** RFC 7914, section 2. */
function isDefined({ ln, r, p }: Cost): boolean {
  return ln >= 1 && ln < 16 * r && p >= 1
}

function isAffordable({ ln, r, p }: Cost): boolean {
  return ln <= MAX_COST.ln && r <= MAX_COST.r && p <= MAX_COST.p
}

function hashOf(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  // What OpenSSL needs for it, to the byte.
  const options = { N: 2 ** ln, r, p, maxmem: 128 * r * (2 ** ln + p + 2) }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_IN_BYTES, options, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}
