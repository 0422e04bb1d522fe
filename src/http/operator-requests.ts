import type { HttpRequest } from '@azure/functions'
import * as z from 'zod'
import { invalidRequest } from './invalid-request.ts'
import { readJsonBody } from './json-body.ts'
import { checked, clientField, clientName, usernameField } from './request-fields.ts'

const MAX_PAGE_SIZE = 200
const USER_HASH = /^[\w-]{43}$/
const MAX_TOKEN_LENGTH = 2048

/** Whom an operator means. */
export const userSchema = z.object({ username: usernameField, client: clientField })

/** @throws {BrokerError} `invalid_request` */
export function pageOf({ query }: HttpRequest): { pageSize: number; next: string | undefined } {
  const size = query.get('page_size') ?? '50'
  const pageSize = Number(size)
  if (!/^\d{1,3}$/.test(size) || pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    throw invalidRequest(
      `page_size must be a number from 1 to ${MAX_PAGE_SIZE}.`,
      'Leave it out, or correct it.',
    )
  }
  const next = query.get('next') ?? undefined
  if (next !== undefined && (next.length > MAX_TOKEN_LENGTH || !/^[\w=+/-]+$/.test(next))) {
    throw invalidRequest('next is not one that this list has given.', 'Begin anew, without it.')
  }
  return { pageSize, next }
}

/** @throws {BrokerError} `invalid_request` */
export function clientOf({ query }: HttpRequest): string {
  const { data } = clientName.safeParse(query.get('client'))
  if (data !== undefined) return data
  throw invalidRequest(
    'client must be the name of a client profile.',
    'Name the profile whose tokens are to be forgotten: DELETE /tokens?client=<name>.',
  )
}

/** @throws {BrokerError} `invalid_request` */
export function userHashOf({ params }: HttpRequest): string {
  const userHash = params['userHash'] ?? ''
  if (!USER_HASH.test(userHash)) {
    throw invalidRequest(
      'The user hash must be the 43 characters of a log line or of POST /tokens/find.',
      'Ask POST /tokens/find for it.',
    )
  }
  return userHash
}

/** @throws {BrokerError} `invalid_request` */
export async function readUser(http: HttpRequest): Promise<{ username: string; client: string }> {
  const remedy = 'Send {"username": "user@contoso.com", "client": "default"}.'
  return checked(userSchema, await readJsonBody(http), remedy)
}
