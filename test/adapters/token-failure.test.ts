import { expect, test } from '@jest/globals'
import { providerFailureOf, type TokenFailure } from '../../src/adapters/msal/token-failure.ts'

const password: TokenFailure = { grant: 'password' }
const refresh: TokenFailure = { grant: 'refresh_token' }

test.each<[string, TokenFailure, string]>([
  [
    'the code beats a suberror that says otherwise',
    { ...password, aadsts: 50034, status: 400, oauthError: 'invalid_grant', subError: 'bad_token' },
    'invalid_credentials',
  ],
  [
    'the code beats the status',
    { ...password, aadsts: 50126, status: 503, oauthError: 'server_error' },
    'invalid_credentials',
  ],
  [
    'an unknown code with 429',
    { ...password, aadsts: 1, status: 429, oauthError: 'invalid_request' },
    'temporarily_unavailable',
  ],
  [
    'an unknown code with 500',
    { ...password, aadsts: 1, status: 500, oauthError: 'invalid_grant' },
    'temporarily_unavailable',
  ],
  [
    'an unknown code is no proof of a wrong password',
    { ...password, aadsts: 1, status: 400, oauthError: 'invalid_grant' },
    'interaction_required',
  ],
  [
    'no code at all: the meaning of the RFC',
    { ...password, status: 400, oauthError: 'invalid_grant' },
    'invalid_credentials',
  ],
  [
    'a refused refresh token',
    { ...refresh, aadsts: 1, status: 400, oauthError: 'invalid_grant' },
    'dead_grant',
  ],
  [
    'suberror bad_token',
    { ...refresh, aadsts: 1, status: 400, oauthError: 'invalid_grant', subError: 'bad_token' },
    'dead_grant',
  ],
  [
    'suberror basic_action',
    { ...refresh, aadsts: 1, status: 400, oauthError: 'invalid_grant', subError: 'basic_action' },
    'interaction_required',
  ],
  [
    'suberror message_only',
    { ...password, aadsts: 1, status: 400, oauthError: 'invalid_grant', subError: 'message_only' },
    'policy_blocked',
  ],
  [
    'suberror user_password_expired',
    { ...password, aadsts: 1, status: 400, oauthError: 'invalid_grant', subError: 'user_password_expired' },
    'password_change_required',
  ],
  ['invalid_client', { ...password, status: 401, oauthError: 'invalid_client' }, 'misconfigured'],
  [
    'invalid_client with a code that nobody knows',
    { ...password, aadsts: 1, status: 401, oauthError: 'invalid_client' },
    'interaction_required',
  ],
  [
    'an OAuth error that nobody knows',
    { ...password, status: 400, oauthError: 'brand_new' },
    'interaction_required',
  ],
  ['a time-out', { ...password, transport: 'timeout' }, 'temporarily_unavailable'],
  ['a page of HTML', { ...password, transport: 'invalid_answer', status: 400 }, 'misconfigured'],
  ['MSAL holds no refresh token', { ...refresh, msalError: 'no_tokens_found' }, 'dead_grant'],
  ['MSAL gave up for another reason', { ...password, msalError: 'invalid_assertion' }, 'misconfigured'],
  [
    'a dead grant cannot be of a password',
    { ...password, aadsts: 9002313, status: 400, oauthError: 'invalid_request' },
    'misconfigured',
  ],
])('%s', (_, failure, expected) => {
  expect(providerFailureOf(failure).category).toBe(expected)
})
