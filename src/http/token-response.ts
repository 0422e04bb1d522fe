import type { HttpResponseInit } from '@azure/functions'
import type { BrokeredToken } from '../core/request/brokered-token.ts'
import type { WarningCode } from '../core/warning.ts'
import { NO_STORE_HEADERS } from './no-store-headers.ts'

/** What a caller reads of a degradation. */
const SENTENCES: Record<WarningCode, string> = {
  token_store_unavailable: 'The token store could not be read.',
  token_not_stored:
    'The token store could not be written, so the next request may have to wait for Entra ID.',
  token_too_large_to_store: 'The token is too large to be kept, so every request has to wait for Entra ID.',
  stored_token_unreadable: 'The stored token could not be opened and was replaced.',
  refusals_not_shared:
    'Refused passwords could not be shared with other instances, so few are allowed in this one.',
  identity_provider_unavailable: 'Entra ID gives no new token for the time being. This one is still valid.',
}

/**
 * The predecessor's three fields first, `expires_on` as a string of epoch seconds; then those of RFC 6749, section 5.1.
 *
 * @param now epoch milliseconds.
 */
export function tokenResponseOf(
  { token, action, warnings, correlationId }: BrokeredToken,
  ownCorrelationId: string,
  now: number,
): HttpResponseInit {
  return {
    status: 200,
    headers: NO_STORE_HEADERS,
    jsonBody: {
      accesstoken: token.value,
      expires_on: String(Math.floor(token.expiresOnTimestamp / 1000)),
      action,
      token_type: 'Bearer',
      expires_in: Math.floor((token.expiresOnTimestamp - now) / 1000),
      correlation_id: correlationId ?? ownCorrelationId,
      ...(warnings.length > 0 && { warnings: warnings.map(({ code }) => `${code}: ${SENTENCES[code]}`) }),
    },
  }
}
