import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

const PREFIX = 'etb_'
const SECRET_IN_BYTES = 32
const CHECKSUM_LENGTH = 6
/** 32 bytes in base64url have 43 characters. */
const FORMAT = /^etb_([\w-]{43})([\w-]{6})$/

/** `etb_`, 256 random bits in base64url, and a checksum that tells a slip of the hand or a lost end without asking anybody. */
export function createConnectionSecret(): string {
  const random = randomBytes(SECRET_IN_BYTES).toString('base64url')
  return `${PREFIX}${random}${checksumOf(random)}`
}

/** Also one that lost a part, or that a program has capitalized. */
export function isMeantAsConnectionSecret(text: string): boolean {
  return text.trimStart().slice(0, PREFIX.length).toLowerCase() === PREFIX
}

export function isConnectionSecret(text: string): boolean {
  const [, random, checksum] = FORMAT.exec(text) ?? []
  return random !== undefined && checksumOf(random) === checksum
}

/** SHA-256, base64url. Nothing slower: nobody guesses 256 bits. */
export function connectionSecretDigest(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/** In constant time. */
export function matchesConnectionSecret(digest: string, secret: string): boolean {
  const [expected, given] = [digest, connectionSecretDigest(secret)].map((text) => Buffer.from(text))
  return (
    expected !== undefined &&
    given !== undefined &&
    expected.length === given.length &&
    timingSafeEqual(expected, given)
  )
}

function checksumOf(random: string): string {
  return hash('sha256', PREFIX + random, 'base64url').slice(0, CHECKSUM_LENGTH)
}
