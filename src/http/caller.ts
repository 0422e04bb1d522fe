import type { HttpRequest } from '@azure/functions'

/** 96 bits: enough to tell all callers apart, short enough to be read in a log. */
const SHOWN_LENGTH = 16

export interface CallerNamesOptions {
  /** Keyed, and the same in all instances. */
  readonly digest: (...parts: string[]) => Promise<string>
  /** App Service authentication is on, so that the principal's header is the platform's own: it lets no caller set it. */
  readonly trustsPrincipal: boolean
}

/**
 * Who calls, as a short name that cannot be turned back: the principal that the platform has authenticated, else the function key
 * that it has checked, in its order, the header before the query.
 *
 * @returns `undefined` where no key is asked for, as under `func start`, and when there is no key to digest with. Never rejects.
 */
export type ResolveCaller = (request: Pick<HttpRequest, 'headers' | 'query'>) => Promise<string | undefined>

export function createCallerNames({ digest, trustsPrincipal }: CallerNamesOptions): ResolveCaller {
  return async ({ headers, query }) => {
    const principal = trustsPrincipal && headers.get('x-ms-client-principal-id')
    const key = headers.get('x-functions-key') ?? query.get('code')
    const [kind, id] = principal ? ['principal', principal] : ['function key', key]
    if (!id) return undefined
    try {
      return (await digest(kind, id)).slice(0, SHOWN_LENGTH)
    } catch {
      return undefined
    }
  }
}

/**
 * Who acts, for the audit: the object id of the principal that the platform has authenticated. Anybody else has the master key,
 * which says nothing of who holds it.
 */
export function createPrincipalNames(
  trustsPrincipal: boolean,
): (request: Pick<HttpRequest, 'headers'>) => string {
  return ({ headers }) => (trustsPrincipal && headers.get('x-ms-client-principal-id')) || 'master key'
}
