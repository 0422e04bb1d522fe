import { expect, test } from '@jest/globals'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import { createCallerNames, createPrincipalNames } from '../../src/http/caller.ts'
import { post } from '../support/http-requests.ts'

const digestUnder = (key: Uint8Array) => {
  const digest = createKeyedDigest(key)
  return async (...parts: string[]) => digest(...parts)
}
const digest = digestUnder(new Uint8Array(32))
const requestOf = (headers: Record<string, string>, query = '') =>
  post('', headers, { url: `http://localhost/requesttoken${query}` })
const byKey = createCallerNames({ digest, trustsPrincipal: false })
const byPrincipal = createCallerNames({ digest, trustsPrincipal: true })

const KEY = 'zXzK50aatI1O'
/** The first 16 letters of HMAC-SHA-256 under 32 zero bytes. */
const OF_KEY = 'LcH9f_etVXU0G8du'
const OF_PRINCIPAL = 'y5T_2yt8a_LPz0Fk'

test('a function key is the same caller in the header and in the query, as a short digest', async () => {
  expect(await byKey(requestOf({ 'x-functions-key': KEY }))).toBe(OF_KEY)
  expect(await byKey(requestOf({}, `?code=${KEY}`))).toBe(OF_KEY)
})

test('the header goes before the query, as it does for the platform', async () => {
  expect(await byKey(requestOf({ 'x-functions-key': KEY }, '?code=other'))).toBe(OF_KEY)
})

test('without App Service authentication anybody can write the header of a principal, so nobody is named by it', async () => {
  expect([
    await byKey(requestOf({ 'x-functions-key': KEY, 'x-ms-client-principal-id': 'p' })),
    await byKey(requestOf({ 'x-ms-client-principal-id': 'p' })),
  ]).toEqual([OF_KEY, undefined])
})

test('with it the principal is the caller, whatever key he shares with others, even one that reads like him', async () => {
  expect([
    await byPrincipal(requestOf({ 'x-functions-key': 'shared', 'x-ms-client-principal-id': KEY })),
    await byPrincipal(requestOf({ 'x-ms-client-principal-id': KEY })),
  ]).toEqual([OF_PRINCIPAL, OF_PRINCIPAL])
})

test('with it, who has a key alone is named by that', async () => {
  expect(await byPrincipal(requestOf({ 'x-functions-key': KEY, 'x-ms-client-principal-id': '' }))).toBe(
    OF_KEY,
  )
})

test('without both, or with empty ones, there is no caller', async () => {
  expect([
    await byPrincipal(requestOf({})),
    await byPrincipal(requestOf({ 'x-functions-key': '', 'x-ms-client-principal-id': '' }, '?code=')),
  ]).toEqual([undefined, undefined])
})

test('another key digests to another caller', async () => {
  const other = createCallerNames({
    digest: digestUnder(new Uint8Array(32).fill(1)),
    trustsPrincipal: false,
  })
  expect(await other(requestOf({ 'x-functions-key': KEY }))).not.toBe(OF_KEY)
})

test('when there is no key to digest with, the caller is not named', async () => {
  const failing = () => Promise.reject(new Error('the vault is down'))
  const unnamed = createCallerNames({ digest: failing, trustsPrincipal: false })
  expect(await unnamed(requestOf({ 'x-functions-key': KEY }))).toBeUndefined()
})

test('the audit names the principal that the platform has authenticated, and else whose key it was: nobody can name himself', () => {
  const request = requestOf({ 'x-ms-client-principal-id': 'an object id' })
  expect(createPrincipalNames(true)(request)).toBe('an object id')
  expect(createPrincipalNames(false)(request)).toBe('master key')
  expect(createPrincipalNames(true)(requestOf({ 'x-functions-key': KEY }))).toBe('master key')
})
