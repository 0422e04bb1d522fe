import type { HttpRequest } from '@azure/functions'
import { invalidRequest } from './invalid-request.ts'
import { readBody, textOf, type BodyFormat } from './request-body.ts'

const FORM: BodyFormat = {
  name: 'a form',
  mediaType: 'application/x-www-form-urlencoded',
  remedy: 'Send a form, with the header Content-Type: application/x-www-form-urlencoded.',
}

/**
 * The fields of a form; those without a value are left out. Reads no further than 8 KiB.
 *
 * @throws {BrokerError} `request_too_large`, `unsupported_media_type` or `invalid_request`.
 */
export async function readForm(http: HttpRequest): Promise<Readonly<Record<string, string>>> {
  const bytes = await readBody(http)
  const fields = new URLSearchParams(bytes && textOf(bytes, http.headers, FORM))
  if (new Set(fields.keys()).size < fields.size) {
    throw invalidRequest('A parameter is sent more than once.', 'Send each parameter once.')
  }
  return Object.fromEntries([...fields].filter(([, value]) => value !== ''))
}
