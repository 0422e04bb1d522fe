import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

/** A proxy such as companies have, on loopback: it tunnels TLS and looks at nothing. */
export interface ConnectProxy {
  readonly url: string
  /** The `host:port` of every tunnel that was asked for. */
  readonly tunnels: string[]
  /** Every request that came in the clear, with its whole URL. */
  readonly requests: string[]
  /** What it answers instead of a tunnel, status line and all. */
  refusal: string | undefined
  /** Where tunnels lead, by the `host:port` that was asked for. */
  readonly diverted: Map<string, number>
  close(): Promise<void>
}

export async function startConnectProxy(): Promise<ConnectProxy> {
  const tunnels: string[] = []
  const requests: string[] = []
  const diverted = new Map<string, number>()
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    response.writeHead(502).end()
  })
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const target = request.url ?? ''
    tunnels.push(target)
    if (proxy.refusal !== undefined) {
      client.end(proxy.refusal)
      return
    }
    const upstream = connect(diverted.get(target) ?? Number(target.split(':').at(-1)), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        for (const end of [client, upstream]) end.destroy()
        sockets.delete(socket)
      })
    }
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const proxy: ConnectProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    requests,
    refusal: undefined,
    diverted,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
  return proxy
}
