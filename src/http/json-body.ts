import { MIMEType } from 'node:util'
import type { HttpRequest } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import { EXAMPLE_BODY, invalidRequest } from './invalid-request.ts'

const MAX_BODY_IN_BYTES = 8 * 1024
const IN_UTF_8 =
  'Send it in UTF-8, with the header Content-Type: application/json; charset=utf-8, and uncompressed.'

/**
 * The value that a body holds, `undefined` when there is no body. Reads no further than 8 KiB.
 *
 * @throws {BrokerError} `request_too_large`, `unsupported_media_type` or `invalid_request`.
 */
export async function readJsonBody({ headers, body }: HttpRequest): Promise<unknown> {
  if (Number(headers.get('content-length') ?? 0) > MAX_BODY_IN_BYTES)
    throw new BrokerError('request_too_large')
  const bytes = await readBytes(body)
  if (bytes.length === 0) {
    if (!headers.has('transfer-encoding')) return undefined
    throw invalidRequest(
      'The body was sent in chunks, and none arrived: it is empty, or the host does not hand chunks on.',
      'Send the body with a Content-Length, or leave out Transfer-Encoding when there is none.',
    )
  }
  requireJsonInUtf8(headers)
  return jsonOf(utf8Of(bytes))
}

async function readBytes(body: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    // Leaving the loop cancels the stream.
    for await (const chunk of body ?? []) {
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_BODY_IN_BYTES) break
    }
  } catch {
    if (length <= MAX_BODY_IN_BYTES)
      throw invalidRequest('The connection ended before the body did.', 'Send the request again, whole.')
  }
  if (length > MAX_BODY_IN_BYTES) throw new BrokerError('request_too_large')
  return Buffer.concat(chunks)
}

/** A charset is fine as long as it is the one that JSON has (RFC 8259, section 8.1). */
function requireJsonInUtf8(headers: HttpRequest['headers']): void {
  const refuse = (description: string, remedy: string) => {
    throw invalidRequest(description, remedy, 'unsupported_media_type')
  }
  const mediaType = mediaTypeOf(headers.get('content-type') ?? '')
  if (mediaType?.essence !== 'application/json') {
    refuse(
      'The body is not declared as JSON.',
      `Send JSON such as ${EXAMPLE_BODY}, with the header Content-Type: application/json, once.`,
    )
  }
  if (!/^utf-?8$/i.test(mediaType?.params.get('charset') || 'utf-8')) {
    refuse('The body is declared in another charset than UTF-8.', IN_UTF_8)
  }
  if (!/^(identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '')) {
    refuse('The body is declared as compressed.', IN_UTF_8)
  }
}

function mediaTypeOf(contentType: string): MIMEType | undefined {
  try {
    return new MIMEType(contentType)
  } catch {
    return undefined
  }
}

/** Without a byte order mark, which JSON may have although it should not. */
function utf8Of(bytes: Buffer): string {
  try {
    // JSON begins with ASCII: only in UTF-16 or UTF-32 is a NUL among its first bytes.
    if (!bytes.subarray(0, 4).includes(0)) return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Below.
  }
  throw invalidRequest('The body is not in UTF-8.', IN_UTF_8)
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
