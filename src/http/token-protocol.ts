import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { BrokerError } from '../core/broker-error.ts'
import type { BrokeredToken } from '../core/request/brokered-token.ts'
import type { TokenRequest } from '../core/request/token-request.ts'
import { errorResponseOf } from './error-response.ts'
import { readTokenRequest } from './token-request-reader.ts'
import { tokenResponseOf } from './token-response.ts'

/** In which words a token is asked for, given and refused. */
export interface TokenProtocol {
  /** @throws {BrokerError} whose description names fields, never their values. */
  readonly read: (http: HttpRequest) => Promise<Omit<TokenRequest, 'correlationId'>>
  /** @param now epoch milliseconds. */
  readonly tokenResponseOf: (brokered: BrokeredToken, correlationId: string, now: number) => HttpResponseInit
  readonly errorResponseOf: (error: BrokerError, correlationId: string) => HttpResponseInit
}

/** The predecessor's. */
export const brokerProtocol: TokenProtocol = { read: readTokenRequest, tokenResponseOf, errorResponseOf }
