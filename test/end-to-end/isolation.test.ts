import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startBroker, type Answer, type TestBroker } from '../support/broker.ts'
import { storedCaches } from '../support/stored-caches.ts'

const RESOURCES = { default: 'https://contoso.crm.dynamics.com', graph: 'https://graph.microsoft.com' }
const users = Array.from({ length: 20 }, (_, n) => ({
  username: `user${n}@contoso.example`,
  password: `Password-of-${n}`,
}))
const requests = Array.from({ length: 200 }, (_, n) => ({
  ...(users[n % 20] ?? { username: '', password: '' }),
  client: n % 40 < 20 ? ('default' as const) : ('graph' as const),
}))
let broker: TestBroker
let answers: Answer[]
beforeAll(async () => {
  broker = await startBroker()
  for (const user of users) broker.entra.setUser(user)
  const profile = JSON.parse(broker.keyVault.currentValue('client-default') ?? '') as Record<string, unknown>
  broker.keyVault.setSecret('client-graph', JSON.stringify({ ...profile, resource: RESOURCES.graph }))
  answers = await Promise.all(requests.map((request) => broker.requestToken(request)))
})
afterAll(() => broker.close())

test('of 200 requests at once of 20 users over 2 profiles each gets its own token, from one password grant each', async () => {
  const claims = await Promise.all(
    answers.map(({ json }) => broker.entra.verifyAccessToken(String(json['accesstoken']))),
  )
  expect(claims.map(({ upn, aud }) => ({ upn: upn, aud }))).toEqual(
    requests.map(({ username, client }) => ({ upn: username, aud: RESOURCES[client] })),
  )
  const grants = broker.entra.calls.map(({ grantType, username, scope }) =>
    [grantType, username, scope.includes('graph') ? 'graph' : 'default'].join(' '),
  )
  expect(grants.toSorted()).toEqual(
    users
      .flatMap(({ username }) => [`password ${username} default`, `password ${username} graph`])
      .toSorted(),
  )
})

test('after 200 requests at once each row opens to one account only', async () => {
  const caches = await storedCaches(broker)
  for (const { Account, AccessToken, RefreshToken } of caches) {
    expect([Account, AccessToken, RefreshToken].map((part) => Object.keys(part).length)).toEqual([1, 1, 1])
  }
  const owners = caches.map(({ Account }) => Object.values(Account)[0]?.['username'] ?? '')
  expect(owners.toSorted()).toEqual(users.flatMap(({ username }) => [username, username]).toSorted())
})
