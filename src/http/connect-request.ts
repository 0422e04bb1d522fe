import type { HttpRequest } from '@azure/functions'
import type { SignInResponse } from '../core/connection/sign-in.ts'
import { isOutcome } from './connect-page.ts'
import { readForm } from './form-body.ts'

/** `__Host-`: of this host alone, and over TLS. A cross-site form_post brings it along only with `SameSite=None`. */
const COOKIE = '__Host-connect'
const COOKIE_ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=None'
/** 128 bits in base64url. */
const ID = /^[\w-]{22}$/
const SEALED = /^[\w-]{1,2000}$/

/** What a request to `/connect/…` is for; `undefined` for what has no page. Nothing is looked up. */
export type ConnectRoute =
  | { readonly kind: 'page'; readonly id: string; readonly outcome: string | undefined }
  | { readonly kind: 'begin'; readonly id: string }
  | { readonly kind: 'callback' }

export function connectRouteOf({ method, params }: HttpRequest): ConnectRoute | undefined {
  const [id = '', outcome, ...more] = (params['rest'] ?? '').split('/')
  if (more.length > 0) return undefined
  if (method === 'POST') {
    if (id === 'callback' && outcome === undefined) return { kind: 'callback' }
    return ID.test(id) && outcome === undefined ? { kind: 'begin', id } : undefined
  }
  const isPage = (method === 'GET' || method === 'HEAD') && ID.test(id)
  return isPage && (outcome === undefined || isOutcome(outcome)) ? { kind: 'page', id, outcome } : undefined
}

/** Whether the form was this site's own, by what no page can set: the browser says where it comes from. */
export function isOwnForm({ headers }: HttpRequest, publicUrl: string | undefined): boolean {
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  return (site === null || site === 'same-origin') && origin !== null && origin === publicUrl
}

export function attemptCookie(sealedAttempt: string): string {
  return `${COOKIE}=${sealedAttempt}; Max-Age=900; ${COOKIE_ATTRIBUTES}`
}

/** An answer is looked at once: whatever comes of it, the attempt is over. */
export const endedAttemptCookie = `${COOKIE}=; Max-Age=0; ${COOKIE_ATTRIBUTES}`

export function sealedAttemptOf({ headers }: HttpRequest): string | undefined {
  const cookies = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('='))
  const values = cookies.filter(([name]) => name === COOKIE).map(([, value = '']) => value)
  const [value] = values
  return values.length === 1 && value !== undefined && SEALED.test(value) ? value : undefined
}

/** @throws {BrokerError} for what is no form. */
export async function readSignInResponse(http: HttpRequest): Promise<SignInResponse> {
  const { state = '', code, error_description } = await readForm(http)
  // Nothing else of a description is read: it names users, and anybody may have written it.
  const [, aadsts] = /^AADSTS(\d{1,10})/.exec(error_description ?? '') ?? []
  return { state, code, ...(aadsts !== undefined && { aadsts: Number(aadsts) }) }
}
