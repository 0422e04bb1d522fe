import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const VERSION = 1
const NONCE_IN_BYTES = 12
const TAG_IN_BYTES = 16
const KEY_IN_BYTES = 32

/** An AES-256 key and the name under which an envelope asks for it. */
export interface SealingKey {
  /** At most 255 bytes of ASCII. */
  readonly id: string
  readonly bytes: Uint8Array
}

/** The envelope is not one, was altered, belongs elsewhere, or was sealed with another key. One error for all of them. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  constructor() {
    super('the envelope does not open')
  }
}

/** HKDF-SHA-256 (RFC 5869) of a vault's secret. */
export function sealingKeyOf(id: string, secret: Uint8Array): SealingKey {
  return {
    id,
    bytes: new Uint8Array(hkdfSync('sha256', secret, '', 'entra-token-broker token cache 1', KEY_IN_BYTES)),
  }
}

/**
 * AES-256-GCM with a fresh random nonce. Layout: version (1 byte), length of the key id (1), key id, nonce (12),
 * tag (16), ciphertext. Everything before the nonce is authenticated along with `associatedData`, which is not stored.
 */
export function seal(key: SealingKey, plaintext: Uint8Array, associatedData: string): Uint8Array {
  const header = headerOf(key.id)
  const nonce = randomBytes(NONCE_IN_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_IN_BYTES })
  cipher.setAAD(Buffer.concat([header, Buffer.from(associatedData)]))
  const ciphertext = [cipher.update(plaintext), cipher.final()]
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ...ciphertext])
}

/** The id of the key that an envelope asks for. @throws {EnvelopeError} */
export function keyIdOf(envelope: Uint8Array): string {
  const [version, idLength = 0] = envelope
  if (version !== VERSION || envelope.length < 2 + idLength + NONCE_IN_BYTES + TAG_IN_BYTES)
    throw new EnvelopeError()
  return Buffer.from(envelope.subarray(2, 2 + idLength)).toString('latin1')
}

/** @throws {EnvelopeError} */
export function open(key: SealingKey, envelope: Uint8Array, associatedData: string): Uint8Array {
  if (keyIdOf(envelope) !== key.id) throw new EnvelopeError()
  const header = headerOf(key.id)
  const tagAt = header.length + NONCE_IN_BYTES
  const nonce = envelope.subarray(header.length, tagAt)
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_IN_BYTES })
  decipher.setAAD(Buffer.concat([header, Buffer.from(associatedData)]))
  decipher.setAuthTag(envelope.subarray(tagAt, tagAt + TAG_IN_BYTES))
  try {
    return Buffer.concat([decipher.update(envelope.subarray(tagAt + TAG_IN_BYTES)), decipher.final()])
  } catch {
    throw new EnvelopeError()
  }
}

function headerOf(keyId: string): Buffer {
  const id = Buffer.from(keyId, 'latin1')
  if (id.length > 255) throw new RangeError('a key id has at most 255 bytes')
  return Buffer.concat([Buffer.from([VERSION, id.length]), id])
}
