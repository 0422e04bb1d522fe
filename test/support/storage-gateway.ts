import { request } from 'node:https'
import { applyFault, type Fault } from '../../local/server/fault.ts'
import { startLoopbackServer, type ServerTls } from '../../local/server/loopback-server.ts'

export interface StorageGateway {
  readonly tableServiceUrl: string
  /** Method and path of each request, in order. */
  readonly calls: string[]
  fault: Fault | undefined
  /** Whether the fault is for writes alone. */
  isReadable: boolean
  close(): Promise<void>
}

/** Stands between the broker and Azurite, and fails as it is told. */
export async function startStorageGateway(
  tls: ServerTls & { readonly caCertificatePem: string },
  tableServiceUrl: string,
): Promise<StorageGateway> {
  const { origin, pathname } = new URL(tableServiceUrl)
  const server = await startLoopbackServer({
    tls,
    handle: async (incoming, body, response) => {
      gateway.calls.push(`${incoming.method} ${incoming.url}`)
      const isSpared = gateway.isReadable && incoming.method === 'GET'
      if (!isSpared && !(await applyFault(gateway.fault, incoming, response))) return
      await new Promise<void>((resolve, reject) => {
        const outgoing = request(
          `${origin}${incoming.url}`,
          { method: incoming.method, headers: incoming.headers, ca: tls.caCertificatePem },
          (answer) => {
            response.writeHead(answer.statusCode ?? 500, answer.headers)
            answer.pipe(response).on('finish', resolve).on('error', reject)
          },
        )
        outgoing.on('error', reject)
        outgoing.end(body)
      })
    },
  })
  const gateway: StorageGateway = {
    tableServiceUrl: `https://127.0.0.1:${server.port}${pathname}`,
    calls: [],
    fault: undefined,
    isReadable: false,
    close: server.stop,
  }
  return gateway
}
