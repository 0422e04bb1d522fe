import type { HttpRequest } from '@azure/functions'
import { EXAMPLE_BODY, invalidRequest } from './invalid-request.ts'
import { readBody, textOf, type BodyFormat } from './request-body.ts'

const JSON_FORMAT: BodyFormat = {
  name: 'JSON',
  mediaType: 'application/json',
  remedy: `Send JSON such as ${EXAMPLE_BODY}, with the header Content-Type: application/json, once.`,
}

/**
 * The value that a body holds, `undefined` when there is no body. Reads no further than 8 KiB.
 *
 * @throws {BrokerError} `request_too_large`, `unsupported_media_type` or `invalid_request`.
 */
export async function readJsonBody(http: HttpRequest): Promise<unknown> {
  const bytes = await readBody(http)
  return bytes && jsonOf(textOf(bytes, http.headers, JSON_FORMAT))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalidRequest(
      'The body is not JSON.',
      `Send JSON such as ${EXAMPLE_BODY}: names and texts in double quotes, no comma after the last field, and " and \\ ` +
        'inside a password as \\" and \\\\.',
    )
  }
}
