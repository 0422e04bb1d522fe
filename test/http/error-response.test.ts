import { expect, test } from '@jest/globals'
import { BrokerError, type BrokerErrorDetails } from '../../src/core/broker-error.ts'
import { errorResponseOf } from '../../src/http/error-response.ts'

/** Of a passing failure: the header, and the field in the body. */
function waitOf(
  code: 'temporarily_unavailable' | 'account_locked' | 'misconfigured',
  retryAfterInMs?: number,
) {
  const { headers, jsonBody } = errorResponseOf(new BrokerError(code, { retryAfterInMs }), 'id')
  return [
    (headers as Record<string, string>)['Retry-After'],
    (jsonBody as Record<string, unknown>)['retry_after_seconds'],
  ]
}

test.each<[string, number | undefined, number]>([
  ['not said', undefined, 15],
  ['30 s', 30_000, 30],
  ['a part of a second, rounded up', 30_001, 31],
  ['five minutes', 300_000, 300],
  ['a millisecond more', 300_001, 300],
  ['ten years', 315_360_000_000, 300],
  ['for ever', Number.POSITIVE_INFINITY, 300],
  ['at once', 0, 1],
  ['in the past', -5000, 1],
  ['no number', Number.NaN, 15],
])('a passing failure is to be tried again after 1 s to 5 minutes: %s', (_, retryAfterInMs, seconds) => {
  expect(waitOf('temporarily_unavailable', retryAfterInMs)).toEqual([String(seconds), seconds])
})

test.each<[string, number | undefined, number]>([
  ['not said', undefined, 60],
  ['ten minutes', 600_000, 600],
  ['two hours', 7_200_000, 7200],
  ['ten years', 315_360_000_000, 7200],
  ['for ever', Number.POSITIVE_INFINITY, 7200],
  ['no number', Number.NaN, 60],
])('a lock says how long in the body alone, two hours at most: %s', (_, retryAfterInMs, seconds) => {
  expect(waitOf('account_locked', retryAfterInMs)).toEqual([undefined, seconds])
})

test('what does not pass has no such time', () => {
  expect(waitOf('misconfigured', 1000)).toEqual([undefined, undefined])
})

const SHOWN: BrokerErrorDetails = {
  description: 'What happened.',
  remedy: 'What to do.',
  aadsts: 50076,
  correlationId: 'joined',
}

test("an error's own sentences and ids go before the usual ones, and what is for the log goes nowhere", () => {
  const error = new BrokerError('interaction_required', {
    ...SHOWN,
    logDetail: 'canary',
    entryKey: 'canary',
    cause: new Error('canary'),
  })
  expect(errorResponseOf(error, 'own')).toEqual({
    status: 403,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    },
    jsonBody: {
      error: 'interaction_required',
      description: 'What happened.',
      remedy: 'What to do.',
      aadsts: 50076,
      retryable: false,
      correlation_id: 'joined',
    },
  })
})
