import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import * as z from 'zod'
import { BrokerError, type BrokerErrorCode } from '../core/broker-error.ts'
import type { BrokeredToken } from '../core/request/brokered-token.ts'
import type { TokenRequest } from '../core/request/token-request.ts'
import { basicCredentialsOf } from './basic-credentials.ts'
import { errorResponseOf } from './error-response.ts'
import { readForm } from './form-body.ts'
import { invalidRequest } from './invalid-request.ts'
import { NO_STORE_HEADERS } from './no-store-headers.ts'
import type { TokenProtocol } from './token-protocol.ts'
import { tokenRequestOf } from './token-request-schema.ts'

const FORM = 'grant_type=password&username=…&password=…'

type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | 'server_error'

/**
 * The broker's errors in the words of RFC 6749, section 5.2. An answer about the account is 400 `invalid_grant`, which no client
 * repeats. 429, 503 and 500 keep their status, with the words of section 4.1.2.1: 5.2 has none for them.
 */
const OAUTH_ERRORS: Record<BrokerErrorCode, readonly [status: number, error: OAuthError]> = {
  invalid_request: [400, 'invalid_request'],
  method_not_allowed: [405, 'invalid_request'],
  request_too_large: [413, 'invalid_request'],
  unsupported_media_type: [415, 'invalid_request'],
  unsupported_grant_type: [400, 'unsupported_grant_type'],
  unknown_client: [400, 'invalid_client'],
  not_found: [404, 'invalid_request'],
  conflict: [409, 'invalid_request'],
  credentials_missing: [400, 'invalid_request'],
  invalid_credentials: [400, 'invalid_grant'],
  account_locked: [400, 'invalid_grant'],
  password_change_required: [400, 'invalid_grant'],
  account_disabled: [400, 'invalid_grant'],
  interaction_required: [400, 'invalid_grant'],
  policy_blocked: [400, 'invalid_grant'],
  consent_required: [400, 'unauthorized_client'],
  misconfigured: [500, 'server_error'],
  temporarily_unavailable: [503, 'temporarily_unavailable'],
  too_many_requests: [429, 'temporarily_unavailable'],
  deadline_exceeded: [504, 'temporarily_unavailable'],
  internal_error: [500, 'server_error'],
}

/** A parameter that is sent twice is an error (RFC 6749, section 3.2), and one without a value is as if it were not sent. */
const parameters = z.object({
  grant_type: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  client_id: z.string().optional(),
  scope: z.string().optional(),
})

/**
 * The token endpoint of RFC 6749, section 4.3, so that any OAuth 2.0 client library can be pointed at the broker.
 *
 * `client_id`, in the body or as the user of `Authorization: Basic`, names the client profile; `scope` does where a library
 * insists on a client id of its own. A client secret proves nothing here: the function key does, and the platform checks it.
 */
export const oauthProtocol: TokenProtocol = {
  read: readOAuthRequest,
  tokenResponseOf: oauthTokenResponseOf,
  errorResponseOf: oauthErrorResponseOf,
}

async function readOAuthRequest(http: HttpRequest): Promise<Omit<TokenRequest, 'correlationId'>> {
  if (http.method !== 'POST') throw new BrokerError('method_not_allowed')
  const authenticated = basicCredentialsOf(http.headers.get('authorization'))
  const form = await readForm(http)
  const { grant_type, username, password, client_id, scope } = parameters.parse(form)
  if (grant_type === undefined) {
    throw invalidRequest('grant_type is missing.', `Send a form such as ${FORM}.`)
  }
  if (grant_type !== 'password') {
    throw new BrokerError('unsupported_grant_type', { logDetail: 'grant_type is not password' })
  }
  const client = scope ?? client_id ?? (authenticated && formDecoded(authenticated.username))
  return tokenRequestOf({ username, password, client }, undefined)
}

/** RFC 6749, section 2.3.1: both parts are form-encoded before they are joined. Not all clients do that. */
function formDecoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return encoded
  }
}

function oauthTokenResponseOf(
  { token, correlationId }: BrokeredToken,
  ownCorrelationId: string,
  now: number,
): HttpResponseInit {
  return {
    status: 200,
    headers: NO_STORE_HEADERS,
    jsonBody: {
      access_token: token.value,
      token_type: 'Bearer',
      expires_in: Math.floor((token.expiresOnTimestamp - now) / 1000),
      correlation_id: correlationId ?? ownCorrelationId,
    },
  }
}

function oauthErrorResponseOf(error: BrokerError, correlationId: string): HttpResponseInit {
  const [status, oauthError] = OAUTH_ERRORS[error.code]
  const { headers, jsonBody } = errorResponseOf(error, correlationId)
  const { description, remedy: jsonRemedy, error: brokerError, ...rest } = jsonBody as Record<string, unknown>
  const remedy = oauthError === 'invalid_request' ? `A request looks like ${FORM}.` : jsonRemedy
  const { 'WWW-Authenticate': _, ...others } = headers as Record<string, string>
  return {
    status,
    headers: others,
    jsonBody: {
      error: oauthError,
      error_description: asciiOf(`${String(description)} ${String(remedy)}`),
      broker_error: brokerError,
      ...rest,
    },
  }
}

/** RFC 6749, section 5.2: printable ASCII without quotation mark and backslash. */
function asciiOf(text: string): string {
  return text
    .replaceAll('…', '...')
    .replaceAll('"', "'")
    .replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, '')
}
