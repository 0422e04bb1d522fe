import type { HttpResponseInit } from '@azure/functions'

/**
 * What RFC 8414 has a client know before its first request.
 *
 * @param issuer the broker's own address, without a slash at its end.
 */
export function oauthMetadataOf(issuer: string): HttpResponseInit {
  return {
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=3600' },
    jsonBody: {
      issuer,
      token_endpoint: `${issuer}/oauth2/token`,
      grant_types_supported: ['password'],
      // Required by section 2, and nobody can be redirected here.
      response_types_supported: [],
      // The client's own credentials prove nothing; whichever way it must send some is accepted.
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic'],
    },
  }
}
