import { expect, test } from '@jest/globals'
import { BrokerError } from '../../src/core/broker-error.ts'
import { faultDetailOf } from '../../src/core/fault-detail.ts'

test('an error about an entry says whose it is, and all that it said before', () => {
  const cause = new RangeError('never shown')
  const error = new BrokerError('misconfigured', { logDetail: 'client-default', aadsts: 700016, cause })
  const { code, details, cause: kept } = error.about('entry')
  expect([code, details, kept]).toEqual([
    'misconfigured',
    { logDetail: 'client-default', aadsts: 700016, entryKey: 'entry' },
    cause,
  ])
})

test('its message is what a caller may read, else its code', () => {
  expect(new BrokerError('invalid_request', { description: 'username is missing.' }).message).toBe(
    'username is missing.',
  )
  expect(new BrokerError('unknown_client').message).toBe('unknown_client')
})

test('as a fault it is told by its class', () => {
  expect(faultDetailOf(new BrokerError('misconfigured', { description: 'a sentence' }))).toMatch(
    /^BrokerError/,
  )
})
