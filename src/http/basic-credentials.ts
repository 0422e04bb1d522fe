import { invalidRequest } from './invalid-request.ts'

const BASIC = /^basic(?:\s+|$)/i
const BASE64 = /^[\w+/-]+={0,2}$/
const HOW = 'Send Authorization: Basic, a space, and base64 of username:password in UTF-8.'

/** User name and password of RFC 7617, as they were sent. */
export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

/**
 * The credentials in an `Authorization` header. Other schemes are not for us: the platform may have checked them.
 *
 * @throws {BrokerError} `invalid_request`, when the scheme is Basic and the rest is not.
 */
export function basicCredentialsOf(header: string | null): BasicCredentials | undefined {
  if (header === null || !BASIC.test(header)) return undefined
  const encoded = header.replace(BASIC, '')
  if (!BASE64.test(encoded)) {
    throw invalidRequest('The Authorization header is not Basic with one value in base64.', HOW)
  }
  const bytes = Buffer.from(encoded, 'base64')
  // UTF-16, which .NET calls Unicode, has a NUL beside each Latin letter.
  const decoded = bytes.subarray(0, 2).includes(0) ? undefined : utf8Of(bytes)
  if (decoded === undefined) {
    throw invalidRequest(
      'The credentials in the Authorization header are not in UTF-8.',
      'Encode username:password in UTF-8 before base64 (RFC 7617), or send both as JSON in the body.',
    )
  }
  const colon = decoded.indexOf(':')
  if (colon < 0) {
    throw invalidRequest('The credentials in the Authorization header have no colon between them.', HOW)
  }
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}

function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
