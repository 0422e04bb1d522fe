import type { HttpHandler } from '@azure/functions'
import { oauthProtocol } from '../http/oauth-protocol.ts'
import type { LogEvent } from './event-log.ts'
import { createRequestTokenHandler, type RequestTokenOptions } from './requesttoken.ts'

/** `POST /oauth2/token`: the same as `requesttoken`, in the words of RFC 6749. */
export function createTokenHandler(options: () => RequestTokenOptions, writeEvent: LogEvent): HttpHandler {
  return createRequestTokenHandler(options, writeEvent, oauthProtocol)
}
