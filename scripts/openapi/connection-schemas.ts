import * as z from 'zod'
import { connectionSchema } from '../../src/http/connection-requests.ts'

const timestamp = z.string().nullable()

/** `GET /connections/{name}`. */
export const connection = z.object({
  name: z.string(),
  id: z.string().describe('The log names its entry by it, as userHash.'),
  state: z.enum(['pending', 'connected', 'reconnect_required', 'unreadable']),
  grant: connectionSchema.shape.grant,
  client: z.string(),
  username: z.string().nullable(),
  owner: z.string().nullable(),
  connect_url: z.string().nullable().describe('Where a person connects it. No credential.'),
  redirect_uri: z.string().nullable().describe('To be registered for the application.'),
  created_on: timestamp,
  connected_on: timestamp,
  last_used: timestamp,
  expires_on: timestamp,
  lapses_on_about: timestamp.describe('When the sign-in ends if nobody renews it.'),
  former_secret_ends: timestamp,
  failures: z.int(),
  last_failure: z
    .object({
      on: timestamp,
      tried_on: timestamp,
      aadsts: z.int().nullable(),
      remedy: z.string().nullable(),
      age_in_days: z.int().nullable(),
    })
    .nullable(),
})

/** When there is a new secret, this once. */
export const newSecret = z.object({ secret: z.string(), ...connection.shape })

export const connections = z.object({ connections: z.array(connection), next: z.string().nullable() })
