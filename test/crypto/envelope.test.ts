import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EnvelopeError, keyIdOf, open, seal, sealingKeyOf } from '../../src/crypto/envelope.ts'

const KEY = sealingKeyOf('5f2a', new Uint8Array(32).fill(7))
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })

test('what is sealed opens again, whatever its size', () => {
  fc.assert(
    fc.property(bytes(70_000), fc.string(), (plaintext, place) => {
      expect(Buffer.from(open(KEY, seal(KEY, plaintext, place), place))).toEqual(Buffer.from(plaintext))
    }),
    { numRuns: 50 },
  )
})

test('no flipped bit goes unnoticed', () => {
  fc.assert(
    fc.property(bytes(300), fc.nat(), (plaintext, at) => {
      const envelope = seal(KEY, plaintext, 'here')
      const bit = at % (envelope.length * 8)
      const altered = Uint8Array.from(envelope)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => open(KEY, altered, 'here')).toThrow(EnvelopeError)
    }),
    { numRuns: 2000 },
  )
})

test('every single bit of one envelope matters', () => {
  const envelope = seal(KEY, Buffer.from('secret'), 'here')
  for (let bit = 0; bit < envelope.length * 8; bit++) {
    const altered = Uint8Array.from(envelope)
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => open(KEY, altered, 'here')).toThrow(EnvelopeError)
  }
})

test('an envelope opens in its own place alone', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (place, other) => {
      fc.pre(place !== other)
      expect(() => open(KEY, seal(KEY, Buffer.from('x'), place), other)).toThrow(EnvelopeError)
    }),
  )
})

test('an envelope that was cut anywhere does not open', () => {
  const envelope = seal(KEY, Buffer.from('secret'), 'here')
  for (let length = 0; length < envelope.length; length++) {
    expect(() => open(KEY, envelope.subarray(0, length), 'here')).toThrow(EnvelopeError)
  }
})

test.each([
  ['another secret under the same id', sealingKeyOf('5f2a', new Uint8Array(32).fill(8))],
  ['the same secret under another id', sealingKeyOf('5f2b', new Uint8Array(32).fill(7))],
])('%s does not open it', (_, other) => {
  expect(() => open(other, seal(KEY, Buffer.from('x'), 'here'), 'here')).toThrow(EnvelopeError)
})

test('an envelope names its key, and the name cannot be exchanged', () => {
  const envelope = seal(KEY, Buffer.from('x'), 'here')
  expect(keyIdOf(envelope)).toBe('5f2a')
  const renamed = Uint8Array.from(envelope)
  renamed.set(Buffer.from('5f2b'), 2)
  expect(() => open(sealingKeyOf('5f2b', new Uint8Array(32).fill(7)), renamed, 'here')).toThrow(EnvelopeError)
})

test('two envelopes of the same content share no byte pattern', () => {
  const [a, b] = [seal(KEY, Buffer.alloc(64), 'here'), seal(KEY, Buffer.alloc(64), 'here')]
  expect(Buffer.from(a.subarray(6))).not.toEqual(Buffer.from(b.subarray(6)))
})

/** Of `secret`, in the place `here`, by another program: what a table holds must open for ever. */
const SEALED = '010435663261000102030405060708090a0b937aabb61c4e8543d65446c5b56e68a32fa7e25288ce'

test('the layout of an envelope and the way to its key stay as they are', () => {
  expect(Buffer.from(KEY.bytes).toString('hex')).toBe(
    '7b19e16f39bec232d645d5ba0b2d447214ee52fd26d305fcabc6629245f7ea54',
  )
  expect(Buffer.from(open(KEY, Buffer.from(SEALED, 'hex'), 'here')).toString()).toBe('secret')
})

test('an envelope that does not open says so, and no more', () => {
  expect(() => open(KEY, Buffer.from(SEALED, 'hex'), 'there')).toThrow(
    expect.objectContaining({ name: 'EnvelopeError', message: 'the envelope does not open' }),
  )
})

test('the shortest envelope is one of nothing; one byte less is none', () => {
  const envelope = seal(KEY, Buffer.alloc(0), 'here')
  expect(envelope).toHaveLength(34)
  expect(keyIdOf(envelope)).toBe('5f2a')
  expect(() => keyIdOf(envelope.subarray(0, 33))).toThrow(EnvelopeError)
  expect(() => keyIdOf(new Uint8Array(0))).toThrow(EnvelopeError)
  expect(() => keyIdOf(Uint8Array.from(envelope, (byte, at) => (at === 0 ? 2 : byte)))).toThrow(EnvelopeError)
})

test('a key id has at most 255 bytes', () => {
  const named = (length: number) => ({ ...KEY, id: 'i'.repeat(length) })
  expect(keyIdOf(seal(named(255), Buffer.from('x'), 'here'))).toBe('i'.repeat(255))
  expect(() => seal(named(256), Buffer.from('x'), 'here')).toThrow(
    new RangeError('a key id has at most 255 bytes'),
  )
})
