import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { PASSWORD, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(() => broker.reset())

const grant = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  broker.call('/oauth2/token', {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'password', ...fields }),
  })

test('an OAuth client gets the token that the other endpoint gives, and the other way round', async () => {
  const oauth = await grant({ username: USERNAME, password: PASSWORD })
  expect([oauth.status, oauth.headers.get('cache-control'), oauth.json]).toEqual([
    200,
    'no-store',
    {
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      correlation_id: expect.any(String),
    },
  ])
  const { json } = await broker.requestToken()
  expect(json).toMatchObject({
    accesstoken: oauth.json['access_token'],
    action: 'returned existing token',
  })
})

test('a wrong password is invalid_grant, which no client repeats, and costs one call however often it is sent', async () => {
  const user = { username: 'oauth@contoso.example', password: 'Right-1' }
  broker.entra.setUser(user)
  for (let n = 0; n < 3; n++) {
    const { status, json } = await grant({ ...user, password: 'Wrong-1' })
    expect([status, json['error'], json['broker_error']]).toEqual([
      400,
      'invalid_grant',
      'invalid_credentials',
    ])
  }
  expect(broker.entra.calls).toHaveLength(1)
  expect(JSON.stringify(broker.logs)).not.toMatch(/Wrong-1|oauth@/)
})

test('GET is answered 405, and an unknown profile invalid_client', async () => {
  expect((await broker.call('/oauth2/token')).status).toBe(405)
  const { status, json } = await grant({ username: USERNAME, password: PASSWORD, client_id: 'nosuch' })
  expect([status, json['error']]).toEqual([400, 'invalid_client'])
})
