import type { HttpRequest } from '@azure/functions'

/** 96 bits: enough to tell all callers apart, short enough to be read in a log. */
const SHOWN_LENGTH = 16

/** Keyed, and the same in all instances. */
export type CallerDigest = (...parts: string[]) => Promise<string>

/**
 * Who calls, as a short name that cannot be turned back: the function key first, because the platform has checked it, and in its
 * order, the header before the query. The principal's header is the platform's own only with App Service authentication.
 *
 * @returns `undefined` where no key is asked for, as under `func start`, and when there is no key to digest with. Never rejects.
 */
export async function resolveCaller(
  { headers, query }: HttpRequest,
  digest: CallerDigest,
): Promise<string | undefined> {
  const key = headers.get('x-functions-key') ?? query.get('code')
  const principal = headers.get('x-ms-client-principal-id')
  if (!key && !principal) return undefined
  try {
    const name = key ? await digest('function key', key) : await digest('principal', principal ?? '')
    return name.slice(0, SHOWN_LENGTH)
  } catch {
    return undefined
  }
}
