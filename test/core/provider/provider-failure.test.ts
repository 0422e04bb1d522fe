import { expect, test } from '@jest/globals'
import { faultDetailOf } from '../../../src/core/fault-detail.ts'
import { brokerErrorOf, IdentityProviderError } from '../../../src/core/provider/provider-failure.ts'
import { refusalOf } from '../../support/memory-core.ts'

test('a caller may know the category, the code, the time to wait and the id, and the log the detail', () => {
  const failure = refusalOf({
    category: 'account_locked',
    aadsts: 50053,
    retryAfterInMs: 60_000,
    detail: 'locked',
  })
  const { code, details } = brokerErrorOf(failure, 'id')
  expect([code, details]).toEqual([
    'account_locked',
    { aadsts: 50053, retryAfterInMs: 60_000, correlationId: 'id', logDetail: 'locked' },
  ])
})

test('a refresh token without a future is no answer to a caller: something else is wrong', () => {
  expect(brokerErrorOf(refusalOf({ category: 'dead_grant', detail: 'password' })).code).toBe('misconfigured')
})

test('as a fault it is told by its class alone', () => {
  expect(faultDetailOf(new IdentityProviderError(refusalOf({ detail: 'of whom' })))).toBe(
    'IdentityProviderError',
  )
})
