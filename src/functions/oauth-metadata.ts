import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import { errorResponseOf } from '../http/error-response.ts'
import { oauthMetadataOf } from '../http/oauth-metadata.ts'
import { brokerErrorOf } from './always-answering.ts'

/**
 * `GET /.well-known/oauth-authorization-server`, anonymous. An address that a caller chose by a header must not become the issuer,
 * so there is none until the settings name it. Neither that nor settings that cannot be read leave a line: anybody could fill the log,
 * and whoever asks for a token is told as well.
 */
export function createOAuthMetadataHandler(publicUrl: () => string | undefined): HttpHandler {
  return async (_, { invocationId }) => {
    try {
      const issuer = publicUrl()
      return issuer === undefined ? errorResponseOf(NO_ISSUER, invocationId) : oauthMetadataOf(issuer)
    } catch (thrown) {
      return errorResponseOf(brokerErrorOf(thrown), invocationId)
    }
  }
}

const NO_ISSUER = new BrokerError('not_found', {
  description: 'The broker has no metadata: its own address is not set.',
  remedy:
    'Give the client the address of /oauth2/token itself, or ask whoever runs the broker to set PUBLIC_URL.',
})
