import * as z from 'zod'
import { bodySchema } from '../../src/http/token-request-schema.ts'
import { userSchema } from '../../src/http/operator-requests.ts'
import { ERROR_ANSWERS } from '../../src/http/error-answers.ts'
import { connectionSchema, overlapSchema } from '../../src/http/connection-requests.ts'
import { connection, connections, newSecret } from './connection-schemas.ts'
import { findings, status } from './operator-schemas.ts'

const ACTIONS = [
  'retrieved new token',
  'refreshed existing token',
  'returned existing token',
  'retrieved new token to replace expired token',
] as const

const correlationId = z
  .string()
  .describe(
    'Finds the request in the log of the broker, and in the sign-in log of Entra ID when it was asked.',
  )

const token = z.object({
  accesstoken: z.string().describe('The access token. Send it as "Authorization: Bearer …".'),
  expires_on: z.string().describe('Its end, in seconds since 1970, as text.'),
  action: z.enum(ACTIONS).describe('Where it came from.'),
  token_type: z.literal('Bearer').describe('How it is sent.'),
  expires_in: z.int().describe('How many seconds it still lives.'),
  correlation_id: correlationId,
  warnings: z
    .array(z.string())
    .optional()
    .describe('Only when something is degraded although the token is valid.'),
})

const error = z.object({
  error: z
    .enum(
      [
        ...new Set(Object.entries(ERROR_ANSWERS).map(([code, answer]) => answer.error ?? code)),
      ].toSorted() as [string, ...string[]],
    )
    .describe('What kind of failure it is.'),
  description: z.string().describe('What happened.'),
  remedy: z.string().describe('What to do, and who must do it.'),
  aadsts: z.int().optional().describe('The code of Entra ID behind it.'),
  retryable: z.boolean().describe('Whether trying again can help.'),
  retry_after_seconds: z.int().optional().describe('When it can, or until when it cannot.'),
  correlation_id: correlationId,
})

const oauthToken = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  correlation_id: correlationId,
})

const oauthError = z.object({
  error: z.string().describe('As RFC 6749 has it.'),
  error_description: z.string().describe('What happened, and what to do.'),
  broker_error: error.shape.error,
  aadsts: error.shape.aadsts,
  retryable: error.shape.retryable,
  retry_after_seconds: error.shape.retry_after_seconds,
  correlation_id: correlationId,
})

const oauthMetadata = z.object({
  issuer: z.string(),
  token_endpoint: z.string(),
  grant_types_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
})

const timestamp = z.string().nullable()
const entry = z.object({
  user_hash: z.string(),
  client: z.string().nullable(),
  is_readable: z.boolean(),
  expires_on: timestamp,
  due: timestamp,
  last_used: timestamp,
  password_accepted_on: timestamp,
  by_password: z.boolean().nullable(),
  failures: z.int(),
})
const entries = z.object({ tokens: z.array(entry), next: z.string().nullable() })
const user = z.object({
  user_hash: z.string(),
  entry: entry.nullable(),
  refused_passwords: z.int(),
  locked_until: timestamp,
})
const readiness = z.object({
  status: z.enum(['ready', 'not ready']),
  checks: z.record(z.string(), z.string()),
  problems: z.array(z.string()).optional(),
})

type Json = Readonly<Record<string, unknown>>

/** zod bounds every integer by what a double holds exactly. To a maker that says nothing. */
function dropSafeBounds(schema: { minimum?: number; maximum?: number }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}

/** As JSON Schema, without what a definition has no use for. `input`: what a caller sends, before it is read. */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const {
    $schema: _,
    additionalProperties: __,
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => dropSafeBounds(jsonSchema),
  })
  return rest
}

const described = (schema: Json, descriptions: Readonly<Record<string, Json>>): Json => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema['properties'] as Readonly<Record<string, Json>>).map(([name, property]) => [
      name,
      { ...property, ...descriptions[name] },
    ]),
  ),
})

const FIELDS = {
  username: { description: 'The account, user@domain; or the name of a connection.' },
  password: { description: 'Its password; or the secret of the connection.', format: 'password' },
  client: { description: 'The name of a client profile. Absent: default, or that of the connection.' },
  min_valid_seconds: { description: 'The token must live at least so many seconds.' },
}

/** Requests are those that the broker checks itself; answers are compared with real ones by a test. */
export const SCHEMAS = {
  TokenRequest: described(jsonSchemaOf(bodySchema, 'input'), FIELDS),
  User: described(jsonSchemaOf(userSchema, 'input'), FIELDS),
  Token: jsonSchemaOf(token),
  Error: jsonSchemaOf(error),
  OAuthToken: jsonSchemaOf(oauthToken),
  OAuthError: jsonSchemaOf(oauthError),
  OAuthMetadata: jsonSchemaOf(oauthMetadata),
  Entries: jsonSchemaOf(entries),
  UserState: jsonSchemaOf(user),
  Readiness: jsonSchemaOf(readiness),
  Status: jsonSchemaOf(status),
  Findings: jsonSchemaOf(findings),
  ConnectionWish: jsonSchemaOf(connectionSchema, 'input'),
  Overlap: jsonSchemaOf(overlapSchema, 'input'),
  Connection: jsonSchemaOf(connection),
  Connections: jsonSchemaOf(connections),
  NewSecret: jsonSchemaOf(newSecret),
} satisfies Readonly<Record<string, Json>>
