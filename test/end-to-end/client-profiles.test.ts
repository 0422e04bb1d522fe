import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'selfsigned'
import { startBroker, USERNAME, type TestBroker } from '../support/broker.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())

const RESOURCE = 'https://contoso.crm.dynamics.com'
const GRAPH = 'https://graph.microsoft.com'

async function claimsWith(name: string, profile: Record<string, unknown>): Promise<Record<string, unknown>> {
  broker.keyVault.setSecret(
    `client-${name}`,
    JSON.stringify({ authority: broker.entra.authority(), ...profile }),
  )
  const answer = await broker.requestToken({ client: name })
  expect([answer.status, answer.json['action']]).toEqual([200, 'retrieved new token'])
  await broker.restart()
  expect((await broker.requestToken({ client: name })).json).toMatchObject({
    action: 'returned existing token',
  })
  return broker.entra.verifyAccessToken(String(answer.json['accesstoken']))
}

test('a public client, by resource and by scopes', async () => {
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

test('a confidential client with a secret, whose refresh tokens survive a change of the password', async () => {
  broker.entra.setApplication({
    clientId: 'secret-app',
    publicClientFlows: false,
    clientSecret: 'app-secret-1',
  })
  const profile = { clientId: 'secret-app', resource: RESOURCE, clientSecret: 'app-secret-1' }
  expect(await claimsWith('with-secret', profile)).toMatchObject({ appid: 'secret-app' })
})

test('a confidential client with a certificate', async () => {
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
  expect((await broker.requestToken({ client: 'By-Resource' })).json).toMatchObject({
    action: 'returned existing token',
  })
})

test('what is wrong with the app registration is misconfigured, with what to do', async () => {
  broker.entra.setApplication({
    clientId: 'closed-app',
    publicClientFlows: false,
    clientSecret: 'app-secret-1',
  })
  const answerFor = async (name: string, profile: Record<string, unknown>) => {
    const authority = broker.entra.authority()
    const value = { authority, clientId: 'closed-app', resource: RESOURCE, ...profile }
    broker.keyVault.setSecret(`client-${name}`, JSON.stringify(value))
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
