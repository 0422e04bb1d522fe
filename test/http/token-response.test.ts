import { expect, test } from '@jest/globals'
import type { BrokeredToken } from '../../src/core/request/brokered-token.ts'
import type { WarningCode } from '../../src/core/warning.ts'
import { brokerProtocol } from '../../src/http/token-protocol.ts'

const NOW = 1_764_000_000_000
const BROKERED: BrokeredToken = {
  token: { value: 'eyJ', acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + 3_071_999 },
  action: 'retrieved new token',
  source: 'identity_provider',
  warnings: [],
  verifiedOnTimestamp: NOW,
  entryKey: 'k',
}

test('a token is answered with the predecessor’s fields and those of RFC 6749, and nothing else', () => {
  expect(brokerProtocol.tokenResponseOf(BROKERED, 'own', NOW)).toEqual({
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    },
    jsonBody: {
      accesstoken: 'eyJ',
      expires_on: '1764003071',
      action: 'retrieved new token',
      token_type: 'Bearer',
      expires_in: 3071,
      correlation_id: 'own',
    },
  })
})

test('who joined another request is told the id that Entra ID knows', () => {
  expect(
    brokerProtocol.tokenResponseOf({ ...BROKERED, correlationId: 'joined' }, 'own', NOW).jsonBody,
  ).toMatchObject({ correlation_id: 'joined' })
})

test.each<[WarningCode, string]>([
  ['token_store_unavailable', 'The token store could not be read.'],
  [
    'token_not_stored',
    'The token store could not be written, so the next request may have to wait for Entra ID.',
  ],
  [
    'token_too_large_to_store',
    'The token is too large to be kept, so every request has to wait for Entra ID.',
  ],
  ['stored_token_unreadable', 'The stored token could not be opened and was replaced.'],
  [
    'refusals_not_shared',
    'Refused passwords could not be shared with other instances, so few are allowed in this one.',
  ],
  [
    'identity_provider_unavailable',
    'Entra ID gives no new token for the time being. This one is still valid.',
  ],
])('the warning %s, without what is for the log', (code, sentence) => {
  expect(
    brokerProtocol.tokenResponseOf({ ...BROKERED, warnings: [{ code, detail: 'canary' }] }, 'own', NOW)
      .jsonBody,
  ).toMatchObject({ warnings: [`${code}: ${sentence}`] })
})
