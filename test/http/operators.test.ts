import { describe, expect, test } from '@jest/globals'
import { clientOf, pageOf, readUser, userHashOf } from '../../src/http/operator-requests.ts'
import { entryJsonOf, jsonResponse, userJsonOf } from '../../src/http/operator-responses.ts'
import { post } from '../support/http-requests.ts'

const HASH = 'Abc-_'.padEnd(43, '0')
const withQuery = (query: string) => post('', {}, { method: 'GET', url: `http://localhost/tokens${query}` })
const withHash = (userHash?: string) =>
  Object.assign(post('', {}), { params: userHash === undefined ? {} : { userHash } })
/** What a function returns, or the code and the sentences of its error. */
function outcomeOf(ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    const { code, details } = error as { code: string; details: { description: string; remedy: string } }
    return [code, details.description, details.remedy]
  }
}

describe('a page', () => {
  const NO_SIZE = [
    'invalid_request',
    'page_size must be a number from 1 to 200.',
    'Leave it out, or correct it.',
  ]
  const NO_NEXT = ['invalid_request', 'next is not one that this list has given.', 'Begin anew, without it.']
  test.each<[string, string, unknown]>([
    ['nothing', '', { pageSize: 50, next: undefined }],
    ['the smallest', '?page_size=1', { pageSize: 1, next: undefined }],
    ['the largest', '?page_size=200', { pageSize: 200, next: undefined }],
    ['more than the largest', '?page_size=201', NO_SIZE],
    ['none', '?page_size=0', NO_SIZE],
    ['a number of another notation', '?page_size=1e1', NO_SIZE],
    ['something before the number', '?page_size=x10', NO_SIZE],
    ['something after the number', '?page_size=10x', NO_SIZE],
    ['an empty size', '?page_size=', NO_SIZE],
    ['a continuation', '?next=aZ09_%3D%2B/-', { pageSize: 50, next: 'aZ09_=+/-' }],
    ['the longest continuation', `?next=${'a'.repeat(2048)}`, { pageSize: 50, next: 'a'.repeat(2048) }],
    ['a longer one', `?next=${'a'.repeat(2049)}`, NO_NEXT],
    ['an empty one', '?next=', NO_NEXT],
    ['one with a space before it', '?next=%20a', NO_NEXT],
    ['one with a space after it', '?next=a%20', NO_NEXT],
  ])('%s', (_, query, expected) => {
    expect(outcomeOf(() => pageOf(withQuery(query)))).toEqual(expected)
  })
})

describe('a client', () => {
  const NO_CLIENT = [
    'invalid_request',
    'client must be the name of a client profile.',
    'Name the profile whose tokens are to be forgotten: DELETE /tokens?client=<name>.',
  ]
  test.each<[string, string, unknown]>([
    ['a name, in whatever case', '?client=CRM-2', 'crm-2'],
    ['none: never the default profile', '', NO_CLIENT],
    ['an empty one', '?client=', NO_CLIENT],
    ['one that is no name', '?client=a_b', NO_CLIENT],
  ])('%s', (_, query, expected) => {
    expect(outcomeOf(() => clientOf(withQuery(query)))).toEqual(expected)
  })
})

describe('a user hash', () => {
  const NO_HASH = [
    'invalid_request',
    'The user hash must be the 43 characters of a log line or of POST /tokens/find.',
    'Ask POST /tokens/find for it.',
  ]
  test.each<[string, string | undefined, unknown]>([
    ['43 characters', HASH, HASH],
    ['one more before them', `x${HASH}`, NO_HASH],
    ['one more after them', `${HASH}x`, NO_HASH],
    ['one less', HASH.slice(1), NO_HASH],
    ['a character of no hash', `.${HASH.slice(1)}`, NO_HASH],
    ['none', undefined, NO_HASH],
  ])('%s', (_, userHash, expected) => {
    expect(outcomeOf(() => userHashOf(withHash(userHash)))).toEqual(expected)
  })
})

describe('a user', () => {
  test.each([
    ['with a profile', { username: ' ann@contoso.example ', client: 'CRM' }, 'crm'],
    ['without one', { username: 'ann@contoso.example' }, 'default'],
  ])('%s', async (_, body, client) => {
    expect(await readUser(post(JSON.stringify(body)))).toEqual({ username: 'ann@contoso.example', client })
  })

  test('without a name', async () => {
    await expect(readUser(post('{}'))).rejects.toMatchObject({
      code: 'invalid_request',
      details: {
        description: 'username is missing.',
        remedy: 'Send {"username": "user@contoso.com", "client": "default"}.',
      },
    })
  })
})

describe('the answers', () => {
  const NOW = 1_764_000_000_000
  const READABLE = {
    userHash: HASH,
    client: 'crm',
    renewal: 'password' as const,
    expiresOnTimestamp: NOW + 3_600_000,
    dueTimestamp: NOW + 3_000_000,
    verifiedOnTimestamp: NOW,
    lastUsedTimestamp: NOW + 1,
    failures: 2,
  }
  const READABLE_JSON = {
    user_hash: HASH,
    client: 'crm',
    is_readable: true,
    expires_on: '2025-11-24T17:00:00.000Z',
    due: '2025-11-24T16:50:00.000Z',
    last_used: '2025-11-24T16:00:00.001Z',
    password_accepted_on: '2025-11-24T16:00:00.000Z',
    by_password: true,
    failures: 2,
  }

  test('an entry, its times for people', () => {
    expect(entryJsonOf(READABLE)).toEqual(READABLE_JSON)
  })

  test('the entry of a connection', () => {
    expect(entryJsonOf({ ...READABLE, renewal: 'ask_again' })).toEqual({
      ...READABLE_JSON,
      password_accepted_on: null,
      by_password: false,
    })
  })

  test('a row that cannot be opened', () => {
    expect(entryJsonOf({ userHash: HASH, lastUsedTimestamp: NOW, failures: 0 })).toEqual({
      user_hash: HASH,
      client: null,
      is_readable: false,
      expires_on: null,
      due: null,
      last_used: '2025-11-24T16:00:00.000Z',
      password_accepted_on: null,
      by_password: null,
      failures: 0,
    })
  })

  test.each([
    ['with an entry, locked', READABLE, NOW, READABLE_JSON, '2025-11-24T16:00:00.000Z'],
    ['without an entry, not locked', undefined, 0, null, null],
  ])('a user %s', (_, entry, lockedUntilTimestamp, entryJson, lockedUntil) => {
    const guard = { refusedPasswords: 3, lockedUntilTimestamp }
    expect(userJsonOf({ userHash: HASH, entry, guard })).toEqual({
      user_hash: HASH,
      entry: entryJson,
      refused_passwords: 3,
      locked_until: lockedUntil,
    })
  })

  test('none of them may be kept by a cache', () => {
    expect(jsonResponse(200, { a: 1 })).toEqual({
      status: 200,
      headers: {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        Pragma: 'no-cache',
        'X-Content-Type-Options': 'nosniff',
      },
      jsonBody: { a: 1 },
    })
  })
})
