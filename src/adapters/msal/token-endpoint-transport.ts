import { Agent } from 'node:https'
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  proxyPolicy,
  type PipelinePolicy,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import pLimit, { type LimitFunction } from 'p-limit'
import type { TransportFault } from './token-failure.ts'

/** A token answer has about 6 KB; nothing that Entra ID sends comes near. */
const MAX_ANSWER_IN_BYTES = 256 * 1024
/** To one host, by one instance: some 400 a second, as fast as Entra ID answers. */
const MAX_AT_ONCE = 128
/** An idle connection that the other end has just closed would lose the next request. */
const IDLE_CONNECTION_IN_MS = 4_000

export interface TokenEndpointRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Record<string, string>
  /** `undefined` when it is not JSON. */
  readonly body: unknown
}

/** There is no answer, or none that can be read. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly fault: TransportFault
  readonly causeCode: string | undefined
  constructor(fault: TransportFault, causeCode?: string) {
    super(`no answer: ${fault}`)
    this.fault = fault
    this.causeCode = causeCode
  }
}

/** @throws {TransportError} */
export type TokenEndpointTransport = (url: string, request: TokenEndpointRequest) => Promise<Answer>

/**
 * The way to Entra ID: verified TLS, no redirects, a time limit, a size limit. It is the Azure SDKs' own, so that one setting of
 * `HTTPS_PROXY` and `NO_PROXY` holds for Entra ID, Key Vault and storage alike.
 */
export function createTokenEndpointTransport(timeoutInMs: number): TokenEndpointTransport {
  const pipeline = createEmptyPipeline()
  pipeline.addPolicy(proxyPolicy())
  pipeline.addPolicy(directUnlessProxied(new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_IN_MS })))
  const client = createDefaultHttpClient()

  const limits = new Map<string, LimitFunction>()

  async function send(
    url: string,
    { method, headers, body }: TokenEndpointRequest,
    abortSignal: AbortSignal,
  ): Promise<Answer> {
    try {
      const response = await pipeline.sendRequest(
        client,
        createPipelineRequest({
          url,
          method,
          headers: createHttpHeaders(headers),
          ...(body !== undefined && { body }),
          abortSignal,
          streamResponseStatusCodes: ANY_STATUS,
        }),
      )
      const text = await textOf(response, abortSignal)
      return { status: response.status, headers: response.headers.toJSON(), body: parsed(text) }
    } catch (error) {
      throw abortSignal.aborted ? new TransportError('timeout') : transportErrorOf(error)
    }
  }

  return (url, request) => {
    const { host } = new URL(url)
    const limit = limits.get(host) ?? pLimit(MAX_AT_ONCE)
    limits.set(host, limit)
    // Who waits for his turn waits within the same time.
    const abortSignal = AbortSignal.timeout(timeoutInMs)
    return limit(() => send(url, request, abortSignal))
  }
}

const ANY_STATUS = new Set([Number.POSITIVE_INFINITY])

function directUnlessProxied(agent: Agent): PipelinePolicy {
  return {
    name: 'directUnlessProxied',
    sendRequest: (request, next) => {
      request.agent ??= agent
      return next(request)
    },
  }
}

async function textOf(
  { status, readableStreamBody }: PipelineResponse,
  abortSignal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of readableStreamBody ?? []) {
      const bytes = Buffer.from(chunk)
      size += bytes.byteLength
      if (size > MAX_ANSWER_IN_BYTES) throw new TransportError('invalid_answer')
      chunks.push(bytes)
    }
  } catch (error) {
    // The page of a proxy that refuses is cut off where its head ends; the status says enough.
    if (status < 300 || abortSignal.aborted || error instanceof TransportError) throw error
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What fails before anything is sent: the name, the connection, the proxy (whose errors have no code), the handshake. */
const NOT_SENT =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDR|REQUEST_SEND_ERROR|EPROTO|ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/

function transportErrorOf(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  const { code } = error as { code?: unknown }
  const causeCode = typeof code === 'string' ? code : undefined
  const wasSent = causeCode !== undefined && !NOT_SENT.test(causeCode)
  return new TransportError(wasSent ? 'connection_lost' : 'unreachable', causeCode)
}
