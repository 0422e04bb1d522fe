import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { portErrorOf } from './port-error.ts'

/** The server's side of a certificate authority, as `loadOrCreateCertificateAuthority` makes it. */
export interface ServerTls {
  readonly serverKeyPem: string
  readonly serverCertificatePem: string
}

/** Answers a request whose body is not read yet. */
export type StreamHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export type RequestHandler = (
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
) => Promise<void>

export interface LoopbackServer {
  readonly port: number
  /** Listens again, on the same port. */
  readonly start: () => Promise<void>
  /** Ends every connection and frees the port: new connections are refused. */
  readonly stop: () => Promise<void>
}

export interface ServerOptions<T> {
  readonly handle: T
  readonly tls?: ServerTls | undefined
  /** Default 0: a free one. */
  readonly port?: number | undefined
  readonly hostname?: string | undefined
}

/** Reads the whole body. @throws when the caller breaks off. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat((await request.toArray()) as Buffer[])
}

/** As {@link startStreamingServer}, but `handle` is called with the whole body. */
export function startLoopbackServer(options: ServerOptions<RequestHandler>): Promise<LoopbackServer> {
  const handle: StreamHandler = async (request, response) => {
    const body = await bodyOf(request).catch(() => response.destroy())
    if (Buffer.isBuffer(body)) await options.handle(request, body, response)
  }
  return startStreamingServer({ ...options, handle })
}

/**
 * An HTTP server, HTTPS with `tls`, on `hostname` (default 127.0.0.1). A `handle` that throws is answered with an empty 500.
 *
 * @throws {PortError} from here and from `start`.
 */
export async function startStreamingServer(options: ServerOptions<StreamHandler>): Promise<LoopbackServer> {
  const { handle, tls, hostname = '127.0.0.1' } = options
  let port = options.port ?? 0
  const server = tls
    ? createHttpsServer({ key: tls.serverKeyPem, cert: tls.serverCertificatePem })
    : createHttpServer()

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      console.error(`${request.method} ${request.url?.split('?')[0]} failed:`, error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  })

  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(portErrorOf(error, port))
      server.once('error', onError)
      server.listen(port, hostname, () => {
        server.off('error', onError)
        port = (server.address() as AddressInfo).port
        resolve()
      })
    })

  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  await start()
  return { port, start, stop }
}
