import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import * as oauth from 'openid-client'
import { PASSWORD, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'

/** As a client knows it; what it sends there goes to the broker of this test. */
const PUBLIC_URL = 'https://broker.contoso.example'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker(() => ({ PUBLIC_URL }))
})
afterAll(() => broker.close())
beforeEach(() => broker.reset())

/** Where the function key goes: into a header of every request, which OAuth itself has no word for. */
const withKey: oauth.CustomFetch = (url, { headers, ...init }) => {
  const ours = url.replace(PUBLIC_URL, broker.url)
  return fetch(ours, { ...init, headers: { ...headers, 'x-functions-key': 'a-key' } } as RequestInit)
}

const discovered = (clientId: string, authentication: oauth.ClientAuth) =>
  oauth.discovery(new URL(PUBLIC_URL), clientId, undefined, authentication, {
    algorithm: 'oauth2',
    [oauth.customFetch]: withKey,
  })

const grant = async (password: string, authentication = oauth.None(), clientId = 'default') => {
  const configuration = await discovered(clientId, authentication)
  return oauth.genericGrantRequest(configuration, 'password', { username: USERNAME, password })
}

test.each([
  ['none', oauth.None()],
  ['client_secret_post', oauth.ClientSecretPost('unused')],
  ['client_secret_basic', oauth.ClientSecretBasic('unused')],
])('openid-client finds the endpoint and gets a token, authenticating by %s', async (_, authentication) => {
  const answer = await grant(PASSWORD, authentication)
  expect([answer.access_token, answer.token_type, answer.expiresIn()]).toEqual([
    expect.stringMatching(/^eyJ/),
    'bearer',
    expect.any(Number),
  ])
})

test('openid-client reads an error, and what the broker adds to it', async () => {
  broker.entra.setUser({ username: 'oauth-client@contoso.example', password: 'Right-1' })
  const configuration = await discovered('default', oauth.None())
  const fields = { username: 'oauth-client@contoso.example', password: 'Wrong-1' }
  await expect(oauth.genericGrantRequest(configuration, 'password', fields)).rejects.toMatchObject({
    name: 'ResponseBodyError',
    status: 400,
    error: 'invalid_grant',
    error_description: expect.stringContaining('Entra ID did not accept'),
    cause: { broker_error: 'invalid_credentials', retryable: false },
  })
})

test('a client id that is no profile is invalid_client', async () => {
  await expect(grant(PASSWORD, oauth.None(), 'nosuch')).rejects.toMatchObject({ error: 'invalid_client' })
})

test('the metadata, whole, to anybody', async () => {
  const { status, json } = await broker.call('/.well-known/oauth-authorization-server')
  expect([status, json]).toEqual([
    200,
    {
      issuer: 'https://broker.contoso.example',
      token_endpoint: 'https://broker.contoso.example/oauth2/token',
      grant_types_supported: ['password'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic'],
    },
  ])
})

test('without PUBLIC_URL there is none, whatever host the caller says, and no line in the log', async () => {
  await broker.restart({ PUBLIC_URL: '' })
  broker.logs.length = 0
  const headers = { 'x-forwarded-host': 'evil.example', 'disguised-host': 'evil.example' }
  const { status, json, text } = await broker.call('/.well-known/oauth-authorization-server', { headers })
  expect([status, json['error'], json['remedy']]).toEqual([
    404,
    'not_found',
    'Give the client the address of /oauth2/token itself, or ask whoever runs the broker to set PUBLIC_URL.',
  ])
  expect(text).not.toContain('evil')
  expect(broker.logs).toEqual([])
})

test('with settings that cannot be read there is none either, and anybody who asks leaves no line', async () => {
  await broker.restart({ KEY_VAULT_URL: 'nowhere' })
  broker.logs.length = 0
  const { status, json } = await broker.call('/.well-known/oauth-authorization-server')
  expect([status, json['error']]).toEqual([500, 'misconfigured'])
  expect(broker.logs).toEqual([])
})
