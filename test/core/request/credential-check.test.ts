import { expect, test } from '@jest/globals'
import { createCredentialCheck } from '../../../src/core/request/credential-check.ts'
import type { Inquiry } from '../../../src/core/request/inquiry.ts'
import { checkOf } from '../../../src/core/request/password-check.ts'
import { createKeyedDigest } from '../../../src/crypto/keyed-digest.ts'

const digestOf = createKeyedDigest(new Uint8Array(32))
const profile = {
  name: 'p',
  authority: 'a',
  clientId: 'c',
  scopes: [],
  fingerprint: 'f',
  grants: [],
  clientFingerprint: 'c',
}
const entryOf = (password: string, fingerprint = 'f') => ({
  client: 'p',
  fingerprint,
  renewal: 'password' as const,
  passwordVerifier: `v:${password}`,
  passwordCheck: checkOf(digestOf('password', password)),
  verifiedOnTimestamp: 0,
  serializedCache: '{}',
})
const inquiryOf = (password: string, entry?: ReturnType<typeof entryOf>): Inquiry => ({
  request: { username: 'u', password, client: 'p', minValidInMs: 0, correlationId: '' },
  profile,
  entryKey: digestOf('entry', 'u'),
  attempt: { rowKey: 'r', digest: digestOf('password', password), maxRefusedPasswords: 3 },
  waitUntil: 0,
  stored: entry && { entry, etag: 'e', lastUsedTimestamp: 0, leasedUntilTimestamp: 0, failures: 0 },
  warnings: [],
})

function createStage() {
  const hashed: string[] = []
  const check = createCredentialCheck({
    create: async (password) => `v:${password}`,
    async matches(verifier, password) {
      hashed.push(verifier)
      return verifier === `v:${password}`
    },
  })
  return { check, hashed }
}

test('the right password opens the entry, by one hash', async () => {
  const { check, hashed } = createStage()
  expect((await check(inquiryOf('right', entryOf('right'))))?.entry).toEqual(entryOf('right'))
  expect(hashed).toEqual(['v:right'])
})

test("the right password does not open another profile's entry", async () => {
  const { check } = createStage()
  expect(await check(inquiryOf('right', entryOf('right', 'another')))).toBeUndefined()
})

test('a password whose byte is the same and whose hash is not does not open it', async () => {
  const { check, hashed } = createStage()
  const wrong = { ...entryOf('right'), passwordCheck: checkOf(digestOf('password', 'wrong')) }
  expect(await check(inquiryOf('wrong', wrong))).toBeUndefined()
  expect(hashed).toEqual(['v:right'])
})

test.each([
  ['with an entry', entryOf('right')],
  ['without one', undefined],
  ['with one of another profile', entryOf('right', 'another')],
])('%s, of 10,000 wrong passwords about one in 256 costs a hash', async (_, entry) => {
  const { check, hashed } = createStage()
  for (let n = 0; n < 10_000; n++) expect(await check(inquiryOf(`wrong ${n}`, entry))).toBeUndefined()
  // 39 are to be expected, by a deviation of 6.
  expect(hashed.length).toBeGreaterThan(15)
  expect(hashed.length).toBeLessThan(65)
})

test('the byte takes all of its 256 values', () => {
  const checks = new Set(Array.from({ length: 5000 }, (_, n) => checkOf(digestOf('password', `${n}`))))
  expect(checks.size).toBe(256)
})

test('without an entry the hash is one of the usual cost that matches nothing', async () => {
  const { check, hashed } = createStage()
  const inquiry = inquiryOf('wrong')
  await check({ ...inquiry, entryKey: inquiry.attempt.digest })
  expect(hashed).toEqual([
    '$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ])
})

test.each([
  ['no entry', undefined],
  ["another profile's", entryOf('right', 'another')],
])('whatever the hash says, %s opens nothing', async (_, entry) => {
  const check = createCredentialCheck({ create: async () => '', matches: async () => true })
  const inquiry = inquiryOf('right', entry)
  expect(await check({ ...inquiry, entryKey: inquiry.attempt.digest })).toBeUndefined()
})
