import { expect, test } from '@jest/globals'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import { resolveCaller } from '../../src/http/caller.ts'
import { post } from '../support/http-requests.ts'

const digest = createKeyedDigest(new Uint8Array(32))
const digestOf = async (...parts: string[]) => digest(...parts)
const caller = (headers: Record<string, string>, query = '') =>
  resolveCaller(post('', headers, { url: `http://localhost/requesttoken${query}` }), digestOf)

const KEY = 'zXzK50aatI1O'
/** The first 16 letters of HMAC-SHA-256 under 32 zero bytes. */
const OF_KEY = 'LcH9f_etVXU0G8du'

test('a function key is the same caller in the header and in the query, as a short digest', async () => {
  expect(await caller({ 'x-functions-key': KEY })).toBe(OF_KEY)
  expect(await caller({}, `?code=${KEY}`)).toBe(OF_KEY)
})

test('the header goes before the query, as it does for the platform, and the key before the principal, which anybody can write', async () => {
  expect(await caller({ 'x-functions-key': KEY, 'x-ms-client-principal-id': 'p' }, '?code=other')).toBe(
    OF_KEY,
  )
})

test('a principal is a caller of its own, even when it reads like a key', async () => {
  expect(await caller({ 'x-ms-client-principal-id': KEY })).toBe('y5T_2yt8a_LPz0Fk')
})

test('without both, or with empty ones, there is no caller', async () => {
  expect([
    await caller({}),
    await caller({ 'x-functions-key': '', 'x-ms-client-principal-id': '' }, '?code='),
  ]).toEqual([undefined, undefined])
})

test('another key digests to another caller', async () => {
  const other = createKeyedDigest(new Uint8Array(32).fill(1))
  expect(
    await resolveCaller(post('', { 'x-functions-key': KEY }), async (...parts) => other(...parts)),
  ).not.toBe(OF_KEY)
})

test('when there is no key to digest with, the caller is not named', async () => {
  const failing = () => Promise.reject(new Error('the vault is down'))
  expect(await resolveCaller(post('', { 'x-functions-key': KEY }), failing)).toBeUndefined()
})
