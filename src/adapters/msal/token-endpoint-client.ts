import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import * as z from 'zod'
import {
  TransportError,
  type Answer,
  type TokenEndpointRequest,
  type TokenEndpointTransport,
} from './token-endpoint-transport.ts'
import type { TokenFailure } from './token-failure.ts'

/** No token of Entra ID lives longer than 28 hours; what says more is cut, so that it is asked for again. */
const MAX_LIFETIME_IN_SECONDS = 30 * 86_400
/** Longer than the broker itself would wait. */
const MAX_RETRY_AFTER_IN_MS = 5 * 60_000

/** Whole, because MSAL reads `1e-7` as 1. */
const seconds = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .transform((value) => Math.min(Math.floor(value), MAX_LIFETIME_IN_SECONDS))
  .pipe(z.number().positive())

/** All that MSAL may see of a token answer (RFC 6749, section 5.1): it takes `{}` for a token, and breaks on odd fields besides. */
const tokenAnswer = z.object({
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

const word = z.string().regex(/^[\w.-]{1,64}$/)
/** Entra ID has used up to seven digits. */
const aadstsCode = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().int().positive().max(9_999_999_999))

/** RFC 6749, section 5.2, with Entra ID's additions. */
const errorAnswer = z.object({
  error: word,
  suberror: word.optional().catch(undefined),
  error_codes: z.tuple([aadstsCode], z.unknown()).optional().catch(undefined),
  error_description: z.string().optional().catch(undefined),
})

export type AnswerFailure = Omit<TokenFailure, 'grant'>

export interface TokenEndpointClient extends INetworkModule {
  /** Why the last call gave no token, `undefined` when it gave one. MSAL's own errors lose status and Retry-After. */
  readonly failure: AnswerFailure | undefined
}

/**
 * The HTTP client of one MSAL operation, which lets MSAL see nothing but a token or an OAuth error.
 *
 * @param now epoch milliseconds, for a `Retry-After` that is a date.
 */
export function createTokenEndpointClient(
  transport: TokenEndpointTransport,
  now: () => number,
): TokenEndpointClient {
  let failure: AnswerFailure | undefined

  async function send<T>(
    url: string,
    request: Omit<TokenEndpointRequest, 'headers'>,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> {
    failure = undefined
    let answer: Answer
    try {
      answer = await transport(url, { ...request, headers: latin1HeadersOf(options?.headers) })
    } catch (error) {
      if (error instanceof TransportError) failure = { transport: error.fault, causeCode: error.causeCode }
      throw error
    }
    const { status, headers } = answer
    const token = status === 200 ? tokenAnswer.safeParse(answer.body).data : undefined
    if (!token) failure = failureOf(answer, retryAfterInMsOf(headers['retry-after'], now()))
    // `failure` says more than MSAL would make of an answer that is not OAuth's.
    if (failure?.transport) throw new TransportError(failure.transport)
    return { status, headers, body: (token ?? answer.body) as T }
  }

  return {
    get failure() {
      return failure
    },
    sendGetRequestAsync: (url, options) => send(url, { method: 'GET' }, options),
    sendPostRequestAsync: (url, options) => send(url, { method: 'POST', body: options?.body ?? '' }, options),
  }
}

function failureOf({ status, body }: Answer, retryAfterInMs: number | undefined): AnswerFailure {
  const { data } = errorAnswer.safeParse(body)
  // An answer that is neither a token nor an OAuth error was written by something between us and Entra ID.
  if (!data) return { transport: 'invalid_answer', status, retryAfterInMs }
  return {
    status,
    retryAfterInMs,
    oauthError: data.error,
    subError: data.suberror,
    aadsts: data.error_codes?.[0] ?? aadstsOfDescription(data.error_description),
  }
}

/** `AADSTS50126: Error validating credentials …`; nothing else of a description is read, for it names users. */
function aadstsOfDescription(description = ''): number | undefined {
  return aadstsCode.safeParse(/^AADSTS(\d+)/.exec(description)?.[1]).data
}

/** RFC 9110, section 10.2.3: seconds or an HTTP date. Anything else is as good as none: `Date.parse` makes a date of `-5`. */
function retryAfterInMsOf(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  const afterInMs = /^\d+$/.test(text) ? Number(text) * 1000 : httpDateOf(text) - now
  return Number.isNaN(afterInMs) ? undefined : Math.min(Math.max(0, afterInMs), MAX_RETRY_AFTER_IN_MS)
}

/** All three forms of RFC 9110, section 5.6.7. The oldest names no zone, and `Date.parse` would take the machine's. */
function httpDateOf(text: string): number {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return Number.NaN
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}

/** MSAL puts the user name into `X-AnchorMailbox`, a routing hint; a header that is not Latin-1 cannot be sent. */
function latin1HeadersOf(headers: Record<string, string> = {}): Record<string, string> {
  // eslint-disable-next-line no-control-regex
  return Object.fromEntries(
    Object.entries(headers).filter(([, value]) => /^[\x20-\x7e\xa0-\xff]*$/.test(value)),
  )
}
