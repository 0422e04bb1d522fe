import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { PortInUseError } from './port-in-use-error.ts'

/** The server's side of a certificate authority, as `loadOrCreateCertificateAuthority` makes it. */
export interface ServerTls {
  readonly serverKeyPem: string
  readonly serverCertificatePem: string
}

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

/**
 * An HTTP server, HTTPS with `tls`, on `hostname` (default 127.0.0.1), that reads the whole body before it calls `handle`.
 * A `handle` that throws is answered with an empty 500.
 *
 * @throws {PortInUseError} from here and from `start`.
 */
export async function startLoopbackServer(options: {
  readonly handle: RequestHandler
  readonly tls?: ServerTls | undefined
  /** Default 0: a free one. */
  readonly port?: number | undefined
  readonly hostname?: string | undefined
}): Promise<LoopbackServer> {
  const { handle, tls, hostname = '127.0.0.1' } = options
  let port = options.port ?? 0
  const server = tls
    ? createHttpsServer({ key: tls.serverKeyPem, cert: tls.serverCertificatePem })
    : createHttpServer()

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => response.destroy())
    request.on('end', () => {
      handle(request, Buffer.concat(chunks), response).catch((error: unknown) => {
        console.error(`${request.method} ${request.url?.split('?')[0]} failed:`, error)
        if (response.headersSent) response.destroy()
        else response.writeHead(500).end()
      })
    })
  })

  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void =>
        reject(error.code === 'EADDRINUSE' ? new PortInUseError(port) : error)
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
