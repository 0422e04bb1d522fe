import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { generate } from 'selfsigned'
import { LIFETIME, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const RESOURCE = 'https://contoso.crm.dynamics.com'
const GRAPH = 'https://graph.microsoft.com'
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())
beforeEach(() => broker.reset())

/** A profile that was just made is found within 30 s. */
const setProfile = (name: string, profile: Record<string, unknown>) => {
  clock.advance(30)
  broker.keyVault.setSecret(
    `client-${name}`,
    JSON.stringify({ authority: broker.entra.authority(), ...profile }),
  )
}

function setConfidential(clientId: string): void {
  broker.entra.setApplication({ clientId, publicClientFlows: false, clientSecret: 'app-secret-1' })
}

async function claimsWith(name: string, profile: Record<string, unknown>): Promise<Record<string, unknown>> {
  setProfile(name, profile)
  const answer = await broker.requestToken({ client: name })
  expect([answer.status, answer.json['action']]).toEqual([200, 'retrieved new token'])
  await broker.restart()
  expect((await broker.requestToken({ client: name })).json).toMatchObject({
    action: 'returned existing token',
  })
  return broker.entra.verifyAccessToken(String(answer.json['accesstoken']))
}

test('a public client gets tokens, by resource and by scopes', async () => {
  broker.entra.setApplication({ clientId: 'public-app', publicClientFlows: true })
  const app = { clientId: 'public-app' }
  expect(await claimsWith('by-resource', { ...app, resource: RESOURCE })).toMatchObject({
    aud: RESOURCE,
    appid: 'public-app',
    upn: USERNAME,
  })
  expect(
    await claimsWith('by-scopes', { ...app, scopes: [`${GRAPH}/User.Read`, `${GRAPH}/Mail.Read`] }),
  ).toMatchObject({
    aud: GRAPH,
    appid: 'public-app',
  })
})

test('a confidential client gets tokens with its secret', async () => {
  setConfidential('secret-app')
  const profile = { clientId: 'secret-app', resource: RESOURCE, clientSecret: 'app-secret-1' }
  expect(await claimsWith('with-secret', profile)).toMatchObject({ appid: 'secret-app' })
})

/** What comes of a token that is due when the password has been changed at Entra ID, by way of which grants. */
async function afterPasswordChange(client: string, secret: Record<string, unknown>): Promise<unknown[]> {
  const user = { username: `${client}@contoso.example`, password: 'Old-Password-1' }
  broker.entra.setUser(user)
  setProfile(client, { clientId: client, resource: RESOURCE, ...secret })
  expect((await broker.requestToken({ ...user, client })).status).toBe(200)
  broker.entra.calls.length = 0
  broker.entra.setPassword(user.username, 'New-Password-2')
  clock.advance(LIFETIME - 600)
  const { status, json } = await broker.requestToken({ ...user, client })
  return [status, json['action'] ?? json['error'], broker.entra.calls.map(({ grantType }) => grantType)]
}

test("a confidential client's refresh tokens survive a change of the password", async () => {
  setConfidential('steady-app')
  expect(await afterPasswordChange('steady-app', { clientSecret: 'app-secret-1' })).toEqual([
    200,
    'refreshed existing token',
    ['refresh_token'],
  ])
})

test("a public client's refresh tokens die with a change of the password", async () => {
  broker.entra.setApplication({ clientId: 'fickle-app', publicClientFlows: true })
  expect(await afterPasswordChange('fickle-app', {})).toEqual([
    401,
    'invalid_credentials',
    ['refresh_token', 'password'],
  ])
})

test('a confidential client gets tokens with its certificate', async () => {
  const { cert: certificate, private: privateKey } = await generate(
    [{ name: 'commonName', value: 'broker' }],
    { algorithm: 'sha256' },
  )
  broker.entra.setApplication({
    clientId: 'certificate-app',
    publicClientFlows: false,
    certificatePem: certificate,
  })
  const profile = {
    clientId: 'certificate-app',
    resource: RESOURCE,
    certificate: { certificate, privateKey },
  }
  expect(await claimsWith('with-certificate', profile)).toMatchObject({ appid: 'certificate-app' })
})

test('the name of a profile is one name in any case', async () => {
  broker.entra.setApplication({ clientId: 'any-case-app', publicClientFlows: true })
  setProfile('any-case', { clientId: 'any-case-app', resource: RESOURCE })
  const { accesstoken } = (await broker.requestToken({ client: 'any-case' })).json
  expect((await broker.requestToken({ client: 'Any-Case' })).json).toMatchObject({
    accesstoken,
    action: 'returned existing token',
  })
})

test('what is wrong with the app registration is answered as misconfigured, with what to do', async () => {
  setConfidential('closed-app')
  const answerFor = async (name: string, profile: Record<string, unknown>) => {
    setProfile(name, { clientId: 'closed-app', resource: RESOURCE, ...profile })
    const { status, json } = await broker.requestToken({ client: name })
    return [status, json['error'], json['aadsts'], String(json['remedy']).slice(0, 40)]
  }
  expect(await answerFor('closed', {})).toEqual([
    500,
    'misconfigured',
    7000218,
    'Allow public client flows is off for thi',
  ])
  expect(await answerFor('bad-secret', { clientSecret: 'wrong' })).toEqual([
    500,
    'misconfigured',
    7000215,
    'Ask whoever runs the broker to put a val',
  ])
  expect(await answerFor('bad-client', { clientId: 'nobody' })).toEqual([
    500,
    'misconfigured',
    700016,
    'The application is not known in the tena',
  ])
  expect(await answerFor('bad-resource', { clientSecret: 'app-secret-1', resource: 'https://x' })).toEqual([
    500,
    'misconfigured',
    500011,
    'The resource or scope in the client prof',
  ])
  expect(
    await answerFor('bad-tenant', {
      authority: `${broker.entra.authority().slice(0, -36)}00000000-0000-4000-8000-000000000000`,
    }),
  ).toEqual([500, 'misconfigured', 90002, 'The tenant in the client profile does no'])
})
