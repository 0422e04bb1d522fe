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

test.each(['', '.', 'abc', 'abc.def', `${'A'.repeat(22)}.`])('%j matches nothing', async (verifier) => {
  expect(await matchesPassword(verifier, '')).toBe(false)
})
