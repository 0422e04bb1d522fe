import { expect, test } from '@jest/globals'
import { createPasswordVerifier, matchesPassword } from '../../src/crypto/password-verifier.ts'

const PASSWORD = 'Gürteltier-𝒳-42'

test('a verifier matches its own password alone, and does not contain it', async () => {
  const verifier = await createPasswordVerifier(PASSWORD)
  expect(await matchesPassword(verifier, PASSWORD)).toBe(true)
  expect(await matchesPassword(verifier, `${PASSWORD}x`)).toBe(false)
  expect(await matchesPassword(verifier, '')).toBe(false)
  expect(verifier).not.toContain(PASSWORD)
})

test('two verifiers of one password differ', async () => {
  expect(await createPasswordVerifier(PASSWORD)).not.toBe(await createPasswordVerifier(PASSWORD))
})

/** Of the password, by another program, with the bytes 0 to 15 for salt. */
const SALT = 'AAECAwQFBgcICQoLDA0ODw'
const DEFAULT = `$scrypt$ln=15,r=8,p=1$${SALT}$whYI31LmSTIj3AFvINwBPYh5g/4tlA6NXuMckCHJuYU`

test('a verifier is a PHC string with the cost of today', async () => {
  expect(await createPasswordVerifier(PASSWORD)).toMatch(
    /^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
  )
})

test.each([
  ['the cost of today', DEFAULT, true],
  ['the highest ln', `$scrypt$ln=17,r=2,p=1$${SALT}$SKZR6OmLbXRbmvsFWOfsvhWGKowxFi0gWWdLCqWXfIk`, true],
  ['an ln above it', `$scrypt$ln=18,r=2,p=1$${SALT}$kenRFWASHZpQYv1HjQ17j/+RFyb6h/aq3mNxdQjQCQM`, false],
  ['the highest r', `$scrypt$ln=1,r=8,p=1$${SALT}$y3E1uVFpRb5/aOjDq58dzqTAsxZSH+rOtu2jCJspY4Q`, true],
  ['an r above it', `$scrypt$ln=1,r=9,p=1$${SALT}$v/wKGgYmpbC/wPMv6779TMMWKPmY8GwmkjeGrrq9ogw`, false],
  ['the highest p', `$scrypt$ln=1,r=1,p=4$${SALT}$ow6jznT6bKqQz7R288zLso/GO+NUVRIVwEVdMG3UXO8`, true],
  ['a p above it', `$scrypt$ln=1,r=1,p=5$${SALT}$JUB+2BwOHSaIIOlBQabyjMYvjJ6QxRlKCqdMyg6bHTE`, false],
  [
    'the highest ln that r allows',
    `$scrypt$ln=15,r=1,p=1$${SALT}$H74UyiZhHd21OP+ZzYTNI2bcd3zvDJfWLmN0dbm/+yM`,
    true,
  ],
  ['an ln that r does not allow', DEFAULT.replace('ln=15,r=8', 'ln=16,r=1'), false],
  ['an ln of 0', DEFAULT.replace('ln=15', 'ln=0'), false],
  ['an r of 0', DEFAULT.replace('r=8', 'r=0'), false],
  ['a p of 0', DEFAULT.replace('p=1', 'p=0'), false],
  ['something before it', `x${DEFAULT}`, false],
  ['something after it', `${DEFAULT}x`, false],
])('a verifier with %s', async (_, verifier, isMatch) => {
  expect(await matchesPassword(verifier, PASSWORD)).toBe(isMatch)
})

test.each(['', '.', 'abc', 'abc.def', `${'A'.repeat(22)}.`])('%j matches nothing', async (verifier) => {
  expect(await matchesPassword(verifier, '')).toBe(false)
})
