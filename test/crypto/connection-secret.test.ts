import { expect, test } from '@jest/globals'
import {
  connectionSecretDigest,
  createConnectionSecret,
  isConnectionSecret,
  isMeantAsConnectionSecret,
  matchesConnectionSecret,
} from '../../src/crypto/connection-secret.ts'

/** 43 letters `A`, and the first 6 characters of the SHA-256 of what is before them. */
const SECRET = 'etb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEJMrxK'

test('is 256 random bits with a checksum, another one each time', () => {
  const secrets = Array.from({ length: 100 }, createConnectionSecret)
  expect(new Set(secrets).size).toBe(100)
  for (const secret of secrets) {
    expect(secret).toMatch(/^etb_[\w-]{49}$/)
    expect(isConnectionSecret(secret)).toBe(true)
  }
})

test('is whole as it was made, in this and in every later version', () => {
  expect(isConnectionSecret(SECRET)).toBe(true)
})

test.each([
  ['one letter changed', SECRET.replace('A', 'B')],
  ['the checksum changed', `${SECRET.slice(0, -1)}${SECRET.endsWith('A') ? 'B' : 'A'}`],
  ['the last letter lost', SECRET.slice(0, -1)],
  ['one letter more', `${SECRET}A`],
  ['a line break', `${SECRET}\n`],
  ['capitals', SECRET.toUpperCase()],
  ['nothing', ''],
])('is not whole with %s', (_, text) => {
  expect(isConnectionSecret(text)).toBe(false)
})

test.each(['etb_', 'etb_x', 'ETB_x', 'Etb_x', ' etb_x', '\tETB_x', '\u00a0etb_x'])(
  '%j is meant as one',
  (text) => {
    expect(isMeantAsConnectionSecret(text)).toBe(true)
  },
)

test.each(['etb', 'etb-x', 'xetb_', 'x etb_', ''])('%j is not', (text) => {
  expect(isMeantAsConnectionSecret(text)).toBe(false)
})

test('fits its own digest alone', () => {
  const digest = connectionSecretDigest(SECRET)
  expect(digest).toMatch(/^[\w-]{43}$/)
  expect(matchesConnectionSecret(digest, SECRET)).toBe(true)
  expect(matchesConnectionSecret(digest, createConnectionSecret())).toBe(false)
  expect(matchesConnectionSecret('', SECRET)).toBe(false)
  expect(matchesConnectionSecret(`${digest}A`, SECRET)).toBe(false)
})
