import * as z from 'zod'
import { BrokerError } from '../core/broker-error.ts'
import type { TokenRequest } from '../core/request/token-request.ts'
import type { BasicCredentials } from './basic-credentials.ts'
import { EXAMPLE_BODY, invalidRequest } from './invalid-request.ts'

const MAX_USERNAME_LENGTH = 320
const MAX_PASSWORD_LENGTH = 512

const printable = z
  .string({
    error: ({ input }) =>
      input === undefined || input === null ? 'is missing' : 'must be a string, in double quotes',
  })
  .min(1, 'must not be empty')
  .refine((text) => text.isWellFormed(), 'must not contain half of a surrogate pair')
  .refine((text) => !/\p{Cc}/u.test(text), 'must not contain control characters')

const username = printable
  .max(MAX_USERNAME_LENGTH, `must have at most ${MAX_USERNAME_LENGTH} characters`)
  .transform((name) => name.trim())
  .refine((name) => name !== '', 'must not be empty')
const password = printable
  .max(MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`)
  .refine(
    (secret) => secret === secret.trim(),
    'must not begin or end with whitespace: Entra ID refuses that',
  )

/** Flows fill in what they do not have with nothing. */
const orAbsent = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema)

/** Names a Key Vault secret together with its prefix, so the vault's rules hold: letters, digits, hyphens. */
const client = z
  .string({ error: 'must be a string, in double quotes' })
  .regex(/^[0-9a-zA-Z-]{1,64}$/, 'must have 1 to 64 letters, digits or hyphens')
  // The vault does not tell names apart by case; neither may the cache.
  .toLowerCase()
  .default('default')
const minValidSeconds = z
  .int({ error: 'must be a whole number of seconds, without quotes' })
  .min(0, 'must be at least 0')
  .max(3000, 'must be at most 3000')
  .default(0)

const options = { client: orAbsent(client), min_valid_seconds: orAbsent(minValidSeconds) }
const credentials = { username, password }
const optionsSchema = z.object(options)
const bodySchema = z.object({ ...credentials, ...options })
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
  const sent = Object.values(checked(sentSchema, body)).filter(
    (value) => value !== undefined && value !== null,
  )
  if (basic && sent.some((value) => value !== '')) {
    throw invalidRequest(
      'The credentials are sent twice, as Authorization: Basic and in the body.',
      'Send them once: leave username and password out of the body, or leave out the Authorization header.',
    )
  }
  if (basic) return { ...checked(basicSchema, basic), ...checked(optionsSchema, body) }
  if (sent.length === 0) throw new BrokerError('credentials_missing')
  return checked(bodySchema, body)
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data, error } = schema.safeParse(value)
  if (!error) return data
  const problems = error.issues.map(({ path, message }) =>
    path.length === 0 ? 'The body must be a JSON object' : `${path.join('.')} ${message}`,
  )
  throw invalidRequest(`${problems.join('; ')}.`, `Correct that. A request looks like ${EXAMPLE_BODY}.`)
}
