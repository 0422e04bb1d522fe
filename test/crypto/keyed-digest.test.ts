import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'

const digestOf = createKeyedDigest(new Uint8Array(32).fill(1))

test('different lists of parts have different digests', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      fc.pre(JSON.stringify(a) !== JSON.stringify(b))
      fc.pre([...a, ...b].every((part) => part.isWellFormed()))
      expect(digestOf(...a)).not.toBe(digestOf(...b))
    }),
  )
  expect(digestOf('ab', 'c')).not.toBe(digestOf('a', 'bc'))
})

test('a digest depends on the key and is safe in a table key', () => {
  expect(digestOf('x')).not.toBe(createKeyedDigest(new Uint8Array(32).fill(2))('x'))
  expect(digestOf('x')).toMatch(/^[\w-]{43}$/)
})

/** By another program's HMAC-SHA-256, of `2:ab2:ü0:`. A key is hashed when it is longer than a block of 64 bytes. */
test.each([
  [32, 'vzKL-JNaNHitpTGz4Q9QA1GXbL36N_Xr23vahK5Bnp4'],
  [64, 'gwf8LXU47ZK7xkW7XV8FGslVyUAeLl-CjpAvTwvoRBw'],
  [65, 'vrZWQVR0TLoO8kU4759_0WHxGb-rVTEwXVVDgk38Ylk'],
  [100, 'EjgMolsnSg9yvSrCCFJketIjRhT9jjIia5wFd2e8m3s'],
])('with a key of %i bytes it is the HMAC of RFC 2104', (length, expected) => {
  expect(createKeyedDigest(new Uint8Array(length).fill(1))('ab', 'ü', '')).toBe(expected)
})
