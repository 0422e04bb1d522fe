import { request } from 'node:https'
import { startLoopbackServer, type ServerTls } from '../../local/server/loopback-server.ts'

/** A request for tokens, as it arrives. It holds a password: it is for the check of a history, and never shown. */
export interface TokenAsked {
  readonly correlationId: string
  readonly username?: string
  /** One of the two. */
  readonly password?: string
  readonly refreshToken?: string
}

/** What Entra ID said, before it is on its way back. */
export interface TokenJudged {
  readonly status: number
  readonly retryAfterInSeconds?: number
  readonly accessToken?: string
  readonly refreshToken?: string
  readonly expiresInSeconds?: number
  readonly aadsts?: number
}

/** `lost`: the answer is dropped when Entra ID has judged. The others are said in its place. */
export type GatewayFault = 'unavailable' | 'throttled' | 'reset' | 'lost'

export interface EntraGateway {
  readonly authority: string
  /** Decides what becomes of one request. */
  faultOf: (asked: TokenAsked) => GatewayFault | undefined
  /** Requests that are not answered yet. */
  readonly inFlight: () => number
  readonly close: () => Promise<void>
}

export const THROTTLED_FOR_IN_SECONDS = 120

/** Stands between the brokers and the Entra emulator, tells what passes, and fails as it is told. */
export async function startEntraGateway(options: {
  readonly tls: ServerTls & { readonly caCertificatePem: string }
  readonly authority: string
  /** @returns who is told how Entra ID judges, if it does, and then that the answer or the failure is on its way. */
  readonly onAsked: (asked: TokenAsked) => {
    readonly judged: (judged: TokenJudged) => void
    readonly returned: (judged: TokenJudged | undefined) => void
  }
}): Promise<EntraGateway> {
  const { tls, onAsked } = options
  const { origin, pathname } = new URL(options.authority)
  let inFlight = 0
  const server = await startLoopbackServer({
    tls,
    handle: async (incoming, body, response) => {
      const asked = askedOf(incoming.url ?? '', body)
      const { judged, returned } = onAsked(asked)
      inFlight += 1
      try {
        const fault = gateway.faultOf(asked)
        if (fault === 'reset') {
          returned(undefined)
          incoming.socket.destroy()
          return
        }
        const answer =
          fault === 'unavailable' || fault === 'throttled'
            ? refusal(fault)
            : await forwarded(`${origin}${incoming.url}`, incoming.headers, body, tls.caCertificatePem)
        const said = judgedOf(answer)
        if (fault === undefined || fault === 'lost') judged(said)
        returned(fault === 'lost' ? undefined : said)
        if (fault === 'lost') incoming.socket.destroy()
        else response.writeHead(answer.status, answer.headers).end(answer.body)
      } finally {
        inFlight -= 1
      }
    },
  })
  const gateway: EntraGateway = {
    authority: `https://localhost:${server.port}${pathname}`,
    faultOf: () => undefined,
    inFlight: () => inFlight,
    close: server.stop,
  }
  return gateway
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

function refusal(fault: 'unavailable' | 'throttled'): Answer {
  return fault === 'unavailable'
    ? { status: 503, headers: {}, body: Buffer.alloc(0) }
    : { status: 429, headers: { 'retry-after': String(THROTTLED_FOR_IN_SECONDS) }, body: Buffer.alloc(0) }
}

function forwarded(
  url: string,
  headers: NodeJS.Dict<string | string[]>,
  body: Buffer,
  ca: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers, ca, agent: false }, (incoming) => {
      incoming.toArray().then(
        (chunks) =>
          resolve({
            status: incoming.statusCode ?? 500,
            headers: { 'content-type': incoming.headers['content-type'] ?? 'application/json' },
            body: Buffer.concat(chunks as Buffer[]),
          }),
        reject,
      )
    })
    outgoing.on('error', reject).end(body)
  })
}

function askedOf(url: string, body: Buffer): TokenAsked {
  const form = new URLSearchParams(body.toString())
  const query = new URLSearchParams(url.split('?')[1])
  const [username, password, refreshToken] = ['username', 'password', 'refresh_token'].map((name) =>
    form.get(name),
  )
  return {
    correlationId: form.get('client-request-id') ?? query.get('client-request-id') ?? '',
    ...(username && { username }),
    ...(password && { password }),
    ...(refreshToken && { refreshToken }),
  }
}

function judgedOf({ status, headers, body }: Answer): TokenJudged {
  const retryAfter = headers['retry-after']
  const fields = (body.length > 0 ? JSON.parse(body.toString()) : {}) as {
    readonly access_token?: string
    readonly refresh_token?: string
    readonly expires_in?: number
    readonly error_codes?: readonly number[]
  }
  return {
    status,
    ...(retryAfter && { retryAfterInSeconds: Number(retryAfter) }),
    ...(fields.access_token && { accessToken: fields.access_token }),
    ...(fields.refresh_token && { refreshToken: fields.refresh_token }),
    ...(fields.expires_in && { expiresInSeconds: fields.expires_in }),
    ...(fields.error_codes?.[0] && { aadsts: fields.error_codes[0] }),
  }
}
