import * as z from 'zod'
import { BrokerError } from '../core/broker-error.ts'
import type { TokenRequest } from '../core/request/token-request.ts'
import type { BasicCredentials } from './basic-credentials.ts'
import { EXAMPLE_BODY, invalidRequest } from './invalid-request.ts'
import { checked, clientName, orAbsent, passwordField, usernameField } from './request-fields.ts'

const REMEDY = `Correct that. A request looks like ${EXAMPLE_BODY}.`

const minValidSeconds = z
  .int({ error: 'must be a whole number of seconds, without quotes' })
  .min(0, 'must be at least 0')
  .max(3000, 'must be at most 3000')
  .default(0)

const options = { client: orAbsent(clientName.optional()), min_valid_seconds: orAbsent(minValidSeconds) }
const credentials = { username: usernameField, password: passwordField }
const optionsSchema = z.object(options)
/** The body of a request that has its credentials in it. */
export const bodySchema = z.object({ ...credentials, ...options })
const basicSchema = z.object(credentials)
const sentSchema = z.object({ username: z.unknown().optional(), password: z.unknown().optional() })

/**
 * What is asked for, checked.
 *
 * @param body the value that the body holds, `undefined` when there was none.
 * @throws {BrokerError} `invalid_request` or `credentials_missing`, whose description names fields, never their values.
 */
export function tokenRequestOf(
  body: unknown,
  basic: BasicCredentials | undefined,
): Omit<TokenRequest, 'correlationId'> {
  const fields = fieldsOf(body === undefined ? {} : body, basic)
  return {
    username: fields.username,
    password: fields.password,
    client: fields.client,
    minValidInMs: fields.min_valid_seconds * 1000,
  }
}

function fieldsOf(body: unknown, basic: BasicCredentials | undefined): z.infer<typeof bodySchema> {
  const sent = Object.values(checked(sentSchema, body, REMEDY)).filter(
    (value) => value !== undefined && value !== null,
  )
  if (basic && sent.some((value) => value !== '')) {
    throw invalidRequest(
      'The credentials are sent twice, as Authorization: Basic and in the body.',
      'Send them once: leave username and password out of the body, or leave out the Authorization header.',
    )
  }
  if (basic) return { ...checked(basicSchema, basic, REMEDY), ...checked(optionsSchema, body, REMEDY) }
  if (sent.length === 0) throw new BrokerError('credentials_missing')
  return checked(bodySchema, body, REMEDY)
}
