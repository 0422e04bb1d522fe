import * as z from 'zod'
import { invalidRequest } from './invalid-request.ts'

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

export const usernameField = printable
  .max(MAX_USERNAME_LENGTH, `must have at most ${MAX_USERNAME_LENGTH} characters`)
  .transform((name) => name.trim())
  .refine((name) => name !== '', 'must not be empty')

export const passwordField = printable
  .max(MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`)
  .refine(
    (secret) => secret === secret.trim(),
    'must not begin or end with whitespace: Entra ID refuses that',
  )

/** Names a Key Vault secret together with its prefix, so the vault's rules hold: letters, digits, hyphens. */
export const clientName = z
  .string({ error: 'must be a string, in double quotes' })
  .regex(/^[0-9a-zA-Z-]{1,64}$/, 'must have 1 to 64 letters, digits or hyphens')
  // The vault does not tell names apart by case; neither may the cache.
  .toLowerCase()

/** Flows fill in what they do not have with nothing. */
export const orAbsent = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema)

/** The profile that is meant when a request names none. */
export const clientField = orAbsent(clientName.default('default'))

/**
 * What was sent, by its schema.
 *
 * @throws {BrokerError} `invalid_request`, whose description names fields, never their values.
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, remedy: string): T {
  const { data, error } = schema.safeParse(value)
  if (!error) return data
  const problems = error.issues.map(({ path, message }) =>
    path.length === 0 ? 'The body must be a JSON object' : `${path.join('.')} ${message}`,
  )
  throw invalidRequest(`${problems.join('; ')}.`, remedy)
}
