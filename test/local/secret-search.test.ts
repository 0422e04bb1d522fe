import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createSecretSearch } from '../../local/demo/secret-search.ts'

const secretText = fc.string({ minLength: 8, maxLength: 400, unit: 'grapheme' })
const surroundings = fc.uint8Array({ maxLength: 7 })

test.each([
  ['text', (bytes: Buffer) => bytes],
  ['base64', (bytes: Buffer) => Buffer.from(bytes.toString('base64'))],
  ['base64url', (bytes: Buffer) => Buffer.from(bytes.toString('base64url'))],
  ['hexadecimal', (bytes: Buffer) => Buffer.from(bytes.toString('hex'))],
])('a secret is found as %s, whatever stands around it', (_, encode) => {
  fc.assert(
    fc.property(secretText, surroundings, surroundings, (secret, before, after) => {
      const bytes = encode(Buffer.concat([before, Buffer.from(secret), after]))
      expect(createSecretSearch({ secret: [secret] })(bytes)).not.toEqual([])
    }),
  )
})

test('a long secret that was cut in two is found, and only its name is told', () => {
  const token = 'header-'.repeat(20) + 'payload-'.repeat(20)
  const search = createSecretSearch({ token: [token], password: ['Correct-Horse-Battery-1'] })
  expect(search(Buffer.from(token.slice(0, 100)))).toContain('token as text')
  expect(search(Buffer.from(token, 'utf16le'))).toEqual(['token as UTF-16'])
  expect(search(Buffer.from('Correct-Horse-Battery-2'))).toEqual([])
})
