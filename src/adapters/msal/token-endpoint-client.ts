import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import * as z from 'zod'
import type { TokenFailure } from './token-failure.ts'

/** A token answer has about 6 KB; nothing that Entra ID sends comes near. */
const MAX_ANSWER_IN_BYTES = 256 * 1024

/** No token of Entra ID lives longer than 28 hours; what says more is cut, so that it is asked for again. */
const MAX_LIFETIME_IN_SECONDS = 30 * 86_400
/** Longer than the broker itself would wait. */
const MAX_RETRY_AFTER_IN_MS = 5 * 60_000

const seconds = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().positive().finite())
  .transform((value) => Math.min(value, MAX_LIFETIME_IN_SECONDS))

/** What a token answer must have before MSAL may see it: MSAL takes `{}` for a token (RFC 6749, section 5.1). */
const tokenAnswer = z.looseObject({
  access_token: z.string().min(1),
  expires_in: seconds,
  ext_expires_in: seconds.optional().catch(undefined),
  refresh_in: seconds.optional().catch(undefined),
  scope: z.string().optional(),
  token_type: z.string().optional(),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
  client_info: z.string().optional(),
})
/** RFC 6749, section 5.2, with Entra ID's additions. */
const errorAnswer = z.looseObject({
  error: z.string().regex(/^[\w.-]{1,64}$/),
  suberror: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional()
    .catch(undefined),
  error_codes: z.array(z.number().int()).optional().catch(undefined),
})

export type AnswerFailure = Omit<TokenFailure, 'grant'>

export interface TokenEndpointClient extends INetworkModule {
  /** Why the last call gave no token, `undefined` when it gave one. MSAL's own errors lose status and Retry-After. */
  readonly failure: AnswerFailure | undefined
}

/**
 * The HTTP client of one MSAL operation: no redirects, a time limit, a size limit, verified TLS.
 *
 * @param now epoch milliseconds, for a `Retry-After` that is a date.
 */
export function createTokenEndpointClient(timeoutInMs: number, now: () => number): TokenEndpointClient {
  let failure: AnswerFailure | undefined

  async function send<T>(
    url: string,
    init: RequestInit,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> {
    failure = undefined
    let answer: Answer
    try {
      answer = await fetchAnswer(url, { ...init, headers: latin1HeadersOf(options?.headers) }, timeoutInMs)
    } catch (error) {
      failure = transportFailureOf(error)
      throw error
    }
    const { status, headers } = answer
    const token = status === 200 ? tokenAnswer.safeParse(answer.body).data : undefined
    const body = token ?? answer.body
    if (!token) failure = failureOf(status, body, retryAfterInMsOf(headers.get('retry-after'), now()))
    // `failure` says more than MSAL would make of an answer that is not OAuth's.
    if (failure?.transport) throw new TypeError('the answer is not one of a token endpoint')
    return { status, headers: Object.fromEntries(headers), body: body as T }
  }

  return {
    get failure() {
      return failure
    },
    sendGetRequestAsync: (url, options) => send(url, { method: 'GET' }, options),
    sendPostRequestAsync: (url, options) => send(url, { method: 'POST', body: options?.body ?? '' }, options),
  }
}

class AnswerTooLarge extends Error {}

/** What fails before anything is sent: the name, the connection, the handshake. */
const NOT_SENT =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDR|UND_ERR_CONNECT_TIMEOUT|ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/

function transportFailureOf(error: unknown): AnswerFailure {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } }
  if (name === 'TimeoutError') return { transport: 'timeout' }
  if (error instanceof AnswerTooLarge) return { transport: 'invalid_answer' }
  const causeCode = typeof cause?.code === 'string' ? cause.code : undefined
  const wasSent = causeCode !== undefined && !NOT_SENT.test(causeCode)
  return { transport: wasSent ? 'connection_lost' : 'unreachable', causeCode }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

async function fetchAnswer(url: string, init: RequestInit, timeoutInMs: number): Promise<Answer> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutInMs) })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_IN_BYTES) throw new AnswerTooLarge()
    chunks.push(chunk)
  }
  return {
    status: response.status,
    headers: response.headers,
    body: parsed(Buffer.concat(chunks).toString()),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function failureOf(status: number, body: unknown, retryAfterInMs: number | undefined): AnswerFailure {
  const { data } = errorAnswer.safeParse(body)
  // An answer that is neither a token nor an OAuth error was written by something between us and Entra ID.
  if (!data) return { transport: 'invalid_answer', status, retryAfterInMs }
  return {
    status,
    retryAfterInMs,
    oauthError: data.error,
    subError: data.suberror,
    aadsts: data.error_codes?.[0],
  }
}

/** RFC 9110, section 10.2.3: seconds or an HTTP date. */
function retryAfterInMsOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const afterInMs = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(afterInMs) ? undefined : Math.min(Math.max(0, afterInMs), MAX_RETRY_AFTER_IN_MS)
}

/** MSAL puts the user name into `X-AnchorMailbox`, a routing hint; `fetch` refuses a header that is not Latin-1. */
function latin1HeadersOf(headers: Record<string, string> = {}): Record<string, string> {
  // eslint-disable-next-line no-control-regex
  return Object.fromEntries(
    Object.entries(headers).filter(([, value]) => /^[\x20-\x7e\xa0-\xff]*$/.test(value)),
  )
}
