import { MIMEType } from 'node:util'
import type { HttpRequest } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import { invalidRequest } from './invalid-request.ts'

const MAX_BODY_IN_BYTES = 8 * 1024

/** How a body is to be written. */
export interface BodyFormat {
  /** As in `The body is not declared as JSON.` */
  readonly name: string
  readonly mediaType: string
  /** How to declare it. */
  readonly remedy: string
}

/**
 * The bytes of a body, `undefined` when there is none. Reads no further than 8 KiB.
 *
 * @throws {BrokerError} `request_too_large` or `invalid_request`.
 */
export async function readBody({ headers, body }: HttpRequest): Promise<Buffer | undefined> {
  if (Number(headers.get('content-length') ?? 0) > MAX_BODY_IN_BYTES) {
    throw new BrokerError('request_too_large')
  }
  const bytes = await readBytes(body)
  if (bytes.length > 0) return bytes
  if (!headers.has('transfer-encoding')) return undefined
  throw invalidRequest(
    'The body was sent in chunks, and none arrived: it is empty, or the host does not hand chunks on.',
    'Send the body with a Content-Length, or leave out Transfer-Encoding when there is none.',
  )
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

/**
 * The text of a body that is declared in the format, in UTF-8 and uncompressed, and is so. A byte order mark is left out.
 *
 * @throws {BrokerError} `unsupported_media_type` or `invalid_request`
 */
export function textOf(bytes: Buffer, headers: HttpRequest['headers'], format: BodyFormat): string {
  requireDeclared(headers, format)
  return utf8Of(bytes, format)
}

/** A charset is fine as long as it is UTF-8 (for JSON: RFC 8259, section 8.1). */
function requireDeclared(headers: HttpRequest['headers'], format: BodyFormat): void {
  const { name, mediaType, remedy } = format
  const refuse = (description: string, cure: string) => {
    throw invalidRequest(description, cure, 'unsupported_media_type')
  }
  const declared = mediaTypeOf(headers.get('content-type') ?? '')
  if (declared?.essence !== mediaType) refuse(`The body is not declared as ${name}.`, remedy)
  if (!/^utf-?8$/i.test(declared?.params.get('charset') || 'utf-8')) {
    refuse('The body is declared in another charset than UTF-8.', inUtf8(format))
  }
  if (!/^(identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '')) {
    refuse('The body is declared as compressed.', inUtf8(format))
  }
}

function mediaTypeOf(contentType: string): MIMEType | undefined {
  try {
    return new MIMEType(contentType)
  } catch {
    return undefined
  }
}

function utf8Of(bytes: Buffer, format: BodyFormat): string {
  try {
    // What we read begins with ASCII: only in UTF-16 or UTF-32 is a NUL among its first bytes.
    if (!bytes.subarray(0, 4).includes(0)) return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Below.
  }
  throw invalidRequest('The body is not in UTF-8.', inUtf8(format))
}

function inUtf8({ mediaType }: BodyFormat): string {
  return `Send it in UTF-8, with the header Content-Type: ${mediaType}; charset=utf-8, and uncompressed.`
}
