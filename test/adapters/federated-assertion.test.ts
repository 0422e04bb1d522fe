import { expect, test } from '@jest/globals'
import { createFederatedAssertion } from '../../src/adapters/identity/federated-assertion.ts'
import { IdentityProviderError } from '../../src/core/provider/provider-failure.ts'

const identity = (asked: unknown[], token: string | null = 'an assertion') => ({
  getToken: async (scope: string | string[]) => {
    asked.push(scope)
    return token === null ? null : { token, expiresOnTimestamp: 0 }
  },
})

test.each([
  ['login.microsoftonline.com', 'api://AzureADTokenExchange/.default'],
  ['login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov/.default'],
  ['login.partner.microsoftonline.cn', 'api://AzureADTokenExchangeChina/.default'],
  ['login.us.contoso.example', 'api://AzureADTokenExchange/.default'],
])('for %s the identity is asked for %s', async (host, scope) => {
  const asked: unknown[] = []
  const assertion = createFederatedAssertion(identity(asked))
  expect(await assertion(`https://${host}/72f988bf-0000-4000-8000-2d7cd011db47`)).toBe('an assertion')
  expect(asked).toEqual([scope])
})

test.each([
  ['gives nothing', identity([], null)],
  ['fails', { getToken: () => Promise.reject(new Error('with a secret in it')) }],
])('an identity that %s is a passing failure of the profile, and its words are nowhere', async (_, given) => {
  const failed = createFederatedAssertion(given)('https://login.microsoftonline.com/t')
  const error = await failed.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(IdentityProviderError)
  expect((error as IdentityProviderError).failure).toEqual({
    category: 'temporarily_unavailable',
    scope: 'profile',
    judgement: 'not_judged',
    isHeldBack: false,
    detail: 'managed_identity gave no assertion',
  })
  expect(JSON.stringify(error)).not.toContain('secret')
})
