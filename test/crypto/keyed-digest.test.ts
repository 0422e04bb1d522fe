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
