import type { HttpRequest } from '@azure/functions'
import * as z from 'zod'
import { BrokerError } from '../core/broker-error.ts'
import type { TokenRequest } from '../core/request/token-request.ts'

const MAX_BODY_IN_BYTES = 8 * 1024
const MAX_USERNAME_LENGTH = 320
const MAX_PASSWORD_LENGTH = 512
const EXAMPLE = '{"username": "user@contoso.com", "password": "…"}'

const printable = z
  .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be a string') })
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

/** Names a Key Vault secret together with its prefix, so the vault's rules hold: letters, digits, hyphens. */
const client = z
  .string({ error: 'must be a string' })
  .regex(/^[0-9a-zA-Z-]{1,64}$/, 'must have 1 to 64 letters, digits or hyphens')
  // The vault does not tell names apart by case; neither may the cache.
  .toLowerCase()
  .default('default')
const minValidSeconds = z
  .int({ error: 'must be a whole number of seconds' })
  .min(0, 'must be at least 0')
  .max(3000, 'must be at most 3000')
  .default(0)

const options = { client, min_valid_seconds: minValidSeconds }
const credentials = { username, password }
const bodySchema = z.object({ ...credentials, ...options })
const bodyBesideBasicSchema = z.object({
  ...options,
  username: z.undefined({ error: 'must not be sent together with Authorization: Basic' }).optional(),
  password: z.undefined({ error: 'must not be sent together with Authorization: Basic' }).optional(),
})
const basicSchema = z.object(credentials)

/**
 * The request of one HTTP call, checked without a call to anyone else.
 *
 * @throws {BrokerError} whose description names fields, never their values.
 */
export async function tokenRequestOf(http: HttpRequest): Promise<Omit<TokenRequest, 'correlationId'>> {
  if (http.method !== 'POST') throw new BrokerError('method_not_allowed')
  const basic = basicCredentialsOf(http.headers.get('authorization'))
  const body = await bodyOf(http, basic !== undefined)
  const fields = basic ? { ...basic, ...checked(bodyBesideBasicSchema, body) } : checked(bodySchema, body)
  return {
    username: fields.username ?? '',
    password: fields.password ?? '',
    client: fields.client,
    minValidInMs: fields.min_valid_seconds * 1000,
  }
}

async function bodyOf(http: HttpRequest, mayBeEmpty: boolean): Promise<unknown> {
  if (Number(http.headers.get('content-length') ?? 0) > MAX_BODY_IN_BYTES)
    throw new BrokerError('request_too_large')
  const bytes = new Uint8Array(await http.arrayBuffer())
  if (bytes.length > MAX_BODY_IN_BYTES) throw new BrokerError('request_too_large')
  if (bytes.length === 0) {
    if (mayBeEmpty) return {}
    throw invalidRequest(
      'The body is empty.',
      `Send JSON such as ${EXAMPLE}, with a Content-Length: a chunked body does not arrive.`,
    )
  }
  if (!isJson(http.headers.get('content-type'))) throw new BrokerError('unsupported_media_type')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalidRequest('The body is not JSON in UTF-8.')
  }
}

/** A charset is fine as long as it is the one that JSON has (RFC 8259, section 8.1). */
function isJson(contentType: string | null): boolean {
  const [mediaType, ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('charset='))
  return mediaType?.trim() === 'application/json' && /^(charset="?utf-?8"?)?$/.test(charset ?? '')
}

/** RFC 7617 in UTF-8. Other schemes are not for us: the platform may have checked them. */
function basicCredentialsOf(header: string | null): z.infer<typeof basicSchema> | undefined {
  const [, encoded] = /^basic(?: +(.*))?$/i.exec(header?.trim() ?? '') ?? []
  if (header === null || !/^basic(\s|$)/i.test(header.trim())) return undefined
  const decoded = utf8OfBase64(encoded ?? '')
  const colon = decoded?.indexOf(':') ?? -1
  if (decoded === undefined || colon < 0) {
    throw invalidRequest('The Authorization header is not Basic with base64 of username:password in UTF-8.')
  }
  return checked(basicSchema, { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) })
}

function utf8OfBase64(encoded: string): string | undefined {
  if (!/^[\w+/-]+={0,2}$/.test(encoded)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data, error } = schema.safeParse(value)
  if (!error) return data
  const problems = error.issues.map(({ path, message }) =>
    path.length === 0 ? 'The body must be a JSON object' : `${path.join('.')} ${message}`,
  )
  throw invalidRequest(`${problems.join('; ')}.`)
}

function invalidRequest(description: string, remedy?: string): BrokerError {
  return new BrokerError('invalid_request', { description, remedy })
}
