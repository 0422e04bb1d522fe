import type { StatusJson } from '../src/http/status-json.ts'

const TIME_LIMIT_IN_MS = 60_000

export type StatusAnswer =
  | { readonly kind: 'status'; readonly status: StatusJson }
  | { readonly kind: 'wrong_key' }
  | { readonly kind: 'failed'; readonly description: string; readonly remedy: string }

/** Asks where the page came from, and nobody else. The key is in a header: never in a URL, a cookie or a store. Never rejects. */
export async function requestStatus(key: string, hours: string): Promise<StatusAnswer> {
  // Neither is a key; the browser would refuse to send it.
  if (!/^[\x21-\x7e]+$/.test(key)) return { kind: 'wrong_key' }
  const path = location.pathname.replace(/\/+$/, '')
  try {
    const response = await fetch(`${path}/data?hours=${encodeURIComponent(hours)}`, {
      headers: { 'x-functions-key': key },
      cache: 'no-store',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIME_LIMIT_IN_MS),
    })
    if (response.status === 401 || response.status === 403) return { kind: 'wrong_key' }
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    const body: unknown = isJson ? await response.json() : undefined
    if (response.ok && body !== undefined) return { kind: 'status', status: body as StatusJson }
    const {
      description = `The broker answered ${response.status}.`,
      remedy = 'Look at GET /health and at the log.',
    } = (body ?? {}) as { readonly description?: string; readonly remedy?: string }
    return { kind: 'failed', description, remedy }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return {
        kind: 'failed',
        description: 'The broker did not answer within a minute.',
        remedy: 'Try again.',
      }
    }
    return {
      kind: 'failed',
      description: 'The broker could not be reached.',
      remedy: 'Check the network and that the function app runs, then try again.',
    }
  }
}
