import type { HttpRequest } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { TokenRequest } from '../core/request/token-request.ts'
import { basicCredentialsOf } from './basic-credentials.ts'
import { readJsonBody } from './json-body.ts'
import { tokenRequestOf } from './token-request-schema.ts'

/**
 * The request of one HTTP call, checked without a call to anyone else.
 *
 * @throws {BrokerError} whose description names fields, never their values.
 */
export async function readTokenRequest(http: HttpRequest): Promise<Omit<TokenRequest, 'correlationId'>> {
  if (http.method !== 'POST') throw new BrokerError('method_not_allowed')
  const basic = basicCredentialsOf(http.headers.get('authorization'))
  return tokenRequestOf(await readJsonBody(http), basic)
}
