import { expect, test } from '@jest/globals'
import { rememberMatches } from '../../../src/core/request/password-verifiers.ts'

test('a match is computed once an hour, a mismatch every time', async () => {
  let now = 1_764_000_000_000
  let computed = 0
  const verifiers = rememberMatches(
    {
      create: async (password) => `v:${password}`,
      matches: async (verifier, password) => ++computed > 0 && verifier === `v:${password}`,
    },
    (...parts) => parts.join('|'),
    () => now,
  )
  const verifier = await verifiers.create('right')
  for (let n = 0; n < 3; n++) expect(await verifiers.matches(verifier, 'right', 'k')).toBe(true)
  expect(computed).toBe(1)
  for (let n = 0; n < 3; n++) expect(await verifiers.matches(verifier, 'wrong', 'k')).toBe(false)
  expect(computed).toBe(4)
  // Another verifier of the same password is another match.
  expect(await verifiers.matches('v:other', 'right', 'k')).toBe(false)
  now += 3_600_001
  expect(await verifiers.matches(verifier, 'right', 'k')).toBe(true)
  expect(computed).toBe(6)
})
