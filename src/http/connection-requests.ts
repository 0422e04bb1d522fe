import type { HttpRequest } from '@azure/functions'
import * as z from 'zod'
import { CONNECTION_GRANTS } from '../core/client-profile.ts'
import type { ConnectionWish } from '../core/connection/connections.ts'
import { isConnectionName } from '../core/connection/connection.ts'
import { invalidRequest } from './invalid-request.ts'
import { readJsonBody } from './json-body.ts'
import { checked, clientField, orAbsent, usernameField } from './request-fields.ts'

const MAX_OWNER_LENGTH = 320
const MAX_OVERLAP_IN_SECONDS = 7 * 86_400
const DEFAULT_OVERLAP_IN_SECONDS = 3600

const grant = z.enum(CONNECTION_GRANTS, { error: `must be one of ${CONNECTION_GRANTS.join(', ')}` })
const owner = z
  .string({ error: 'must be a string, in double quotes' })
  .max(MAX_OWNER_LENGTH, `must have at most ${MAX_OWNER_LENGTH} characters`)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control characters')

/** What is to be connected. */
export const connectionSchema = z.object({
  grant,
  client: clientField,
  username: orAbsent(usernameField.optional()),
  owner: orAbsent(owner.optional()),
})

/** How long the secret of before still holds. */
export const overlapSchema = z.object({
  overlap_seconds: orAbsent(
    z
      .int({ error: 'must be a whole number of seconds, without quotes' })
      .min(0, 'must be at least 0')
      .max(MAX_OVERLAP_IN_SECONDS, `must be at most ${MAX_OVERLAP_IN_SECONDS}`)
      .default(DEFAULT_OVERLAP_IN_SECONDS),
  ),
})

/** @throws {BrokerError} `invalid_request` */
export function connectionNameOf({ params }: HttpRequest): string {
  const name = (params['name'] ?? '').toLowerCase()
  if (isConnectionName(name)) return name
  throw invalidRequest(
    'The name of a connection has 1 to 63 letters, digits or hyphens, and begins with a letter or digit.',
    'Choose such a name: PUT /connections/crm-sync.',
  )
}

/** @throws {BrokerError} `invalid_request` */
export async function readConnectionWish(http: HttpRequest): Promise<ConnectionWish> {
  const name = connectionNameOf(http)
  const remedy = 'Send {"client": "default", "grant": "client_credentials", "owner": "crm team"}.'
  const body = await readJsonBody(http)
  return { name, ...checked(connectionSchema, body ?? {}, remedy) }
}

/** @throws {BrokerError} `invalid_request` */
export async function readOverlapInMs(http: HttpRequest): Promise<number> {
  const body = await readJsonBody(http)
  const { overlap_seconds } = checked(
    overlapSchema,
    body ?? {},
    'Send {"overlap_seconds": 3600}, or nothing.',
  )
  return overlap_seconds * 1000
}
