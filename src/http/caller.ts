import type { HttpRequest } from '@azure/functions'

/** 96 bits: enough to tell all callers apart, short enough to be read in a log. */
const SHOWN_LENGTH = 16

/**
 * Who calls, as a short name that cannot be turned back: the function key first, because the platform has checked it, and in its
 * order, the header before the query. The principal's header is the platform's own only with App Service authentication.
 *
 * @param digestOf keyed, and safe for parts of any length.
 * @returns `undefined` where no key is asked for, as under `func start`.
 */
export function callerOf(
  { headers, query }: HttpRequest,
  digestOf: (...parts: string[]) => string,
): string | undefined {
  const key = headers.get('x-functions-key') ?? query.get('code')
  const principal = headers.get('x-ms-client-principal-id')
  if (key) return digestOf('function key', key).slice(0, SHOWN_LENGTH)
  if (principal) return digestOf('principal', principal).slice(0, SHOWN_LENGTH)
  return undefined
}
