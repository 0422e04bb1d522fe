import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { LIFETIME, startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { storedCaches } from '../support/stored-caches.ts'

const clock = stopClock()
const OLD = { username: 'eve@contoso.example', password: 'Old-Password-1' }
const NEW = { ...OLD, password: 'New-Password-2' }
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(async () => {
  broker.entra.setUser(OLD)
  clock.advance(2 * LIFETIME)
  await broker.restart()
  await broker.reset()
  expect((await broker.requestToken(OLD)).status).toBe(200)
  broker.entra.calls.length = 0
})

const grants = () => broker.entra.calls.map(({ grantType }) => grantType)

test.each(['in memory', 'in the table'])(
  'a wrong password is not answered from a cache %s',
  async (where) => {
    if (where === 'in the table') await broker.restart()
    const answer = await broker.requestToken({ ...OLD, password: 'Wrong-1' })
    expect(answer.status).toBe(401)
    expect(grants()).toEqual(['password'])
    expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'returned existing token' })
  },
)

test.each(['in memory', 'in the table'])('a new password retires the old one at once, %s', async (where) => {
  broker.entra.setPassword(OLD.username, NEW.password)
  expect((await broker.requestToken(NEW)).json).toMatchObject({ action: 'retrieved new token' })
  if (where === 'in the table') await broker.restart()
  expect((await broker.requestToken(OLD)).status).toBe(401)
  expect((await broker.requestToken(NEW)).json).toMatchObject({ action: 'returned existing token' })
  expect(grants()).toEqual(['password', 'password'])
})

test('another instance notices a retired password after five minutes', async () => {
  // Another instance: this one knows nothing of it and still has the old token in memory.
  const { accesstoken } = (await broker.requestToken(OLD)).json
  broker.entra.setPassword(OLD.username, NEW.password)
  expect((await broker.requestToken(OLD)).json).toMatchObject({ accesstoken })
  clock.advance(LIFETIME - 600)
  expect((await broker.requestToken(OLD)).status).toBe(401)
  expect(grants()).toEqual(['refresh_token', 'password'])
})

test('a password that was changed at Entra ID is refused when its refresh token is dead, and the entry is gone', async () => {
  broker.entra.setPassword(OLD.username, NEW.password)
  clock.advance(LIFETIME - 600)
  expect((await broker.requestToken(OLD)).status).toBe(401)
  expect(grants()).toEqual(['refresh_token', 'password'])
  expect(await storedCaches(broker)).toEqual([])
  broker.entra.setPassword(OLD.username, OLD.password)
  // What was refused stays refused for its time.
  expect((await broker.requestToken(OLD)).json).toMatchObject({ retry_after_seconds: 600 })
  clock.advance(600)
  expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'retrieved new token' })
})

test('a dead refresh token is replaced by way of the password', async () => {
  broker.entra.revokeRefreshTokens(OLD.username, 700082)
  clock.advance(LIFETIME - 600)
  expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'retrieved new token' })
  expect(grants()).toEqual(['refresh_token', 'password'])
  await broker.restart()
  expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'returned existing token' })
})

test('Entra ID is asked again when PASSWORD_MAX_AGE is over, and not a second before', async () => {
  await broker.restart({ PASSWORD_MAX_AGE: '1000' })
  clock.advance(999)
  expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'returned existing token' })
  expect(grants()).toEqual([])
  await broker.restart({ PASSWORD_MAX_AGE: '1000' })
  clock.advance(1)
  expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'retrieved new token' })
  expect(grants()).toEqual(['password'])
})

test('while Entra ID is down, a password past its age still gets the valid token, with a warning', async () => {
  await broker.restart({ PASSWORD_MAX_AGE: '1000' })
  clock.advance(1001)
  broker.entra.fault = { kind: 'status', status: 503 }
  const { status, json } = await broker.requestToken(OLD)
  expect(status).toBe(200)
  expect(json).toMatchObject({
    action: 'returned existing token',
    warnings: [expect.stringMatching(/^identity_provider_unavailable: /)],
  })
  expect((await broker.requestToken({ ...OLD, password: 'Wrong-1' })).status).toBe(503)
})

test('who locks an account cannot take a valid token from its owner', async () => {
  await broker.restart({ PASSWORD_MAX_AGE: '1000' })
  clock.advance(1001)
  broker.entra.failWith = 50053
  expect((await broker.requestToken(OLD)).json).toMatchObject({ action: 'returned existing token' })
  expect((await broker.requestToken({ ...OLD, password: 'Wrong-1' })).status).toBe(423)
})
