import { request } from 'node:https'
import { applyFault, type Fault } from '../../local/server/fault.ts'
import { startLoopbackServer, type ServerTls } from '../../local/server/loopback-server.ts'

export interface StorageGateway {
  readonly url: string
  /** Method and path of each request, in order. */
  readonly calls: string[]
  fault: Fault | undefined
  /** Whether the fault is for writes alone. */
  isReadable: boolean
  /** Takes the fault back and forgets the calls. */
  reset(): void
  close(): Promise<void>
}

/** Stands between the broker and Azurite, and fails as it is told. */
export async function startStorageGateway(
  tls: ServerTls & { readonly caCertificatePem: string },
  serviceUrl: string,
): Promise<StorageGateway> {
  const { origin, pathname } = new URL(serviceUrl)
  const server = await startLoopbackServer({
    tls,
    handle: async (incoming, body, response) => {
      gateway.calls.push(`${incoming.method} ${incoming.url}`)
      const isSpared = gateway.isReadable && incoming.method === 'GET'
      if (!isSpared && !(await applyFault(gateway.fault, incoming, response))) return
      await new Promise<void>((resolve, reject) => {
        const forward = () => {
          const outgoing = request(
            `${origin}${incoming.url}`,
            { method: incoming.method, headers: incoming.headers, ca: tls.caCertificatePem },
            (answer) => {
              response.writeHead(answer.statusCode ?? 500, answer.headers)
              answer.pipe(response).on('finish', resolve).on('error', reject)
            },
          )
          // Azurite may close a connection that was kept in the moment when it is used again.
          outgoing.on('error', (error: NodeJS.ErrnoException) =>
            outgoing.reusedSocket && error.code === 'ECONNRESET' ? forward() : reject(error),
          )
          outgoing.end(body)
        }
        forward()
      })
    },
  })
  const gateway: StorageGateway = {
    url: `https://127.0.0.1:${server.port}${pathname}`,
    calls: [],
    fault: undefined,
    isReadable: false,
    reset() {
      Object.assign(gateway, { fault: undefined, isReadable: false })
      gateway.calls.length = 0
    },
    close: server.stop,
  }
  return gateway
}
