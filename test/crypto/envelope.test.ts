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
