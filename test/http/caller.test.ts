import { expect, test } from '@jest/globals'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import { callerOf } from '../../src/http/caller.ts'
import { post } from '../support/http-requests.ts'

const digestOf = createKeyedDigest(new Uint8Array(32))
const caller = (headers: Record<string, string>, query = '') =>
  callerOf(post('', headers, { url: `http://localhost/requesttoken${query}` }), digestOf)

const KEY = 'zXzK50aatI1O'
/** The first 16 letters of HMAC-SHA-256 under 32 zero bytes. */
const OF_KEY = 'LcH9f_etVXU0G8du'

test('a function key is the same caller in the header and in the query, as a short digest', () => {
  expect(caller({ 'x-functions-key': KEY })).toBe(OF_KEY)
  expect(caller({}, `?code=${KEY}`)).toBe(OF_KEY)
})

test('the header goes before the query, as it does for the platform, and the key before the principal, which anybody can write', () => {
  expect(caller({ 'x-functions-key': KEY, 'x-ms-client-principal-id': 'p' }, '?code=other')).toBe(OF_KEY)
})

test('a principal is a caller of its own, even when it reads like a key', () => {
  expect(caller({ 'x-ms-client-principal-id': KEY })).toBe('y5T_2yt8a_LPz0Fk')
})

test('without both, or with empty ones, there is no caller', () => {
  expect([caller({}), caller({ 'x-functions-key': '', 'x-ms-client-principal-id': '' }, '?code=')]).toEqual([
    undefined,
    undefined,
  ])
})

test('another key digests to another caller', () => {
  const other = createKeyedDigest(new Uint8Array(32).fill(1))
  expect(callerOf(post('', { 'x-functions-key': KEY }), other)).not.toBe(OF_KEY)
})
