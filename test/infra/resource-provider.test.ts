import { expect, test } from '@jest/globals'
import { createResourceManager, endpointOf } from '../../infra/hooks/resource-manager.ts'
import { registerResourceProvider } from '../../infra/hooks/resource-provider.ts'

const URL_OF_PROVIDER = 'https://management.azure.com/subscriptions/s/providers/Microsoft.App'

/** Azure Resource Manager that gives these answers, one a call; the last one again and again. Time passes in delays alone. */
function resourceManagerOf(answers: readonly (string | number)[]) {
  const calls: string[] = []
  const said: string[] = []
  let elapsedInMs = 0
  const registered = registerResourceProvider('Microsoft.App', {
    subscriptionId: 's',
    resourceManager: createResourceManager({
      endpoint: 'https://management.azure.com',
      credential: {
        getToken: async (scopes) => ({ token: `for ${scopes.toString()}`, expiresOnTimestamp: 9e15 }),
      },
      fetch: async (url, { method, headers }) => {
        const answer = answers[Math.min(calls.length, answers.length - 1)]
        calls.push(`${method} ${url} ${new Headers(headers).get('Authorization')}`)
        return typeof answer === 'number'
          ? new Response('', { status: answer })
          : Response.json({ registrationState: answer })
      },
    }),
    say: (line) => said.push(line),
    elapsed: () => elapsedInMs,
    delay: async (timeInMs) => {
      elapsedInMs += timeInMs
    },
  })
  return { registered, calls, said, elapsedInMs: () => elapsedInMs }
}

test('a provider that is registered is left alone', async () => {
  const { registered, calls, said } = resourceManagerOf(['Registered'])
  await registered
  expect({ calls, said }).toEqual({
    calls: [`GET ${URL_OF_PROVIDER}?api-version=2021-04-01 Bearer for https://management.azure.com/.default`],
    said: [],
  })
})

test('one that is not is registered and waited for', async () => {
  const { registered, calls, said, elapsedInMs } = resourceManagerOf([
    'NotRegistered',
    'Registering',
    'Registering',
    'Registered',
  ])
  await registered
  expect(calls.map((call) => call.split('?')[0])).toEqual([
    `GET ${URL_OF_PROVIDER}`,
    `POST ${URL_OF_PROVIDER}/register`,
    `GET ${URL_OF_PROVIDER}`,
    `GET ${URL_OF_PROVIDER}`,
  ])
  expect(said).toEqual(['Registering the resource provider Microsoft.App, which a private network needs.'])
  expect(elapsedInMs()).toBe(10_000)
})

test('without the right to register, the cure names who can', async () => {
  const { registered } = resourceManagerOf(['NotRegistered', 403])
  await expect(registered).rejects.toThrow(
    /^The resource provider Microsoft\.App is not registered, and could not be, in the subscription s \(HTTP 403\)\. .*Contributor.*az provider register --namespace Microsoft\.App --subscription s$/,
  )
})

test('without the right to look, nobody says that it is missing', async () => {
  const { registered, calls } = resourceManagerOf([403])
  await expect(registered).rejects.toThrow(
    /^Nobody knows whether the resource provider Microsoft\.App is registered in the subscription s \(HTTP 403\)\./,
  )
  expect(calls).toHaveLength(1)
})

test.each([
  ['the public cloud', {}, 'https://management.azure.com'],
  [
    'another, as the template gives it back',
    { ARM_ENDPOINT: 'https://management.usgovcloudapi.net/' },
    'https://management.usgovcloudapi.net',
  ],
])('the resource manager is that of %s', (_, environment, endpoint) => {
  expect(endpointOf(environment)).toBe(endpoint)
})

test('it is waited for five minutes', async () => {
  const { registered, elapsedInMs } = resourceManagerOf(['NotRegistered', 'Registering'])
  await expect(registered).rejects.toThrow('is still Registering')
  expect(elapsedInMs()).toBe(305_000)
})
