import { expect, test } from '@jest/globals'
import { failuresOf, isRefusal } from '../../src/http/status-failures.ts'

const TIME = 1_764_000_000_000
const wordsOf = (of: 'requests' | 'refreshes', name: string) => {
  const [failure] = failuresOf(of, { [name]: 1 }, { [name]: TIME })
  return [failure?.description, failure?.remedy]
}

test('the most frequent first, each with its number and when it was last seen', () => {
  const counts = { 'consent_required 65001': 2, unknown_client: 5, 'policy_blocked 53003': 1 }
  const seen = { 'consent_required 65001': TIME, unknown_client: TIME + 60_000, 'policy_blocked 53003': TIME }
  expect(
    failuresOf('requests', counts, seen).map(({ of, cause, aadsts, count, last_seen }) => [
      of,
      cause,
      aadsts,
      count,
      last_seen,
    ]),
  ).toEqual([
    ['requests', 'unknown_client', null, 5, '2025-11-24T16:01:00.000Z'],
    ['requests', 'consent_required', 65001, 2, '2025-11-24T16:00:00.000Z'],
    ['requests', 'policy_blocked', 53003, 1, '2025-11-24T16:00:00.000Z'],
  ])
})

test.each([
  [
    'requests',
    'unknown_client',
    'There is no client profile of this name.',
    'Check the field client, or leave it out to use the default profile.',
  ],
  [
    'requests',
    'misconfigured',
    'The broker, its app registration or the directory behind it is not set up as it must be.',
    'Search the log for this error: the field detail names the setting, the secret or the code of Entra ID.',
  ],
  [
    'requests',
    'misconfigured 700024',
    'The broker, its app registration or the directory behind it is not set up as it must be.',
    'The clock of the broker is wrong. Ask whoever runs the broker to set it.',
  ],
  [
    'requests',
    'interaction_required 99999999',
    'Entra ID refused this sign-in with a code that is not known here.',
    'AADSTS99999999 is not known here. Look it up at https://login.microsoftonline.com/error?code=99999999, and ask an administrator for the correlation_id in the sign-in log of Entra ID.',
  ],
  [
    'refreshes',
    'held_back',
    'Entra ID was not asked, because it had failed or asked for a pause just before.',
    'None: the next tick asks again. If it goes on, look for the failures beside this one.',
  ],
  [
    'requests',
    'internal_error',
    'The broker failed in a way that was not foreseen.',
    'Search the log for this error and report it with the field detail; it names no user.',
  ],
  [
    'refreshes',
    'dead_grant',
    'The refresh token is worth nothing any more.',
    'None: the next request signs in with its password.',
  ],
  [
    'refreshes',
    'stored_token_unreadable',
    'The row is there and no key at hand opens it.',
    'Enable the older versions of the secret token-cache-encryption-key again, or forget the entry.',
  ],
  [
    'refreshes',
    'token_not_stored',
    'The token was refreshed and could not be written.',
    'Look at the data account: its network rules, and the role of the app on it.',
  ],
  [
    'refreshes',
    'token_too_large_to_store',
    'The sealed entry is over 900 KiB.',
    'Ask for fewer scopes in the client profile, or forget the entry.',
  ],
  [
    'refreshes',
    'RestError 503 ServerBusy',
    'A fault without an answer of its own.',
    'Search the log for it: the field detail of its line says more.',
  ],
  [
    'requests',
    'constructor',
    'A fault without an answer of its own.',
    'Search the log for it: the field detail of its line says more.',
  ],
] as const)('of %s, %s has its words', (of, name, description, remedy) => {
  expect(wordsOf(of, name)).toEqual([description, remedy])
})

test('a cause of a refresh is shown whole: what stands in it is no code of Entra ID', () => {
  const [failure] = failuresOf(
    'refreshes',
    { 'RestError 503 ServerBusy': 1 },
    { 'RestError 503 ServerBusy': TIME },
  )
  expect([failure?.cause, failure?.aadsts]).toEqual(['RestError 503 ServerBusy', null])
})

test.each([
  ['invalid_credentials 50126', true],
  ['account_locked', true],
  ['too_many_requests', true],
  ['misconfigured 7000215', false],
  ['temporarily_unavailable', false],
  ['deadline_exceeded', false],
  ['other', false],
])('%s is the account’s or the caller’s: %s', (name, expected) => {
  expect(isRefusal(name)).toBe(expected)
})
