import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { forward } from './forwarded.ts'

export interface KeyedFront {
  /** `http://localhost:<port>` */
  readonly url: string
  /** What the broker answers to the next requests instead; `undefined`: what it wants. */
  instead: { status: number; body: string } | 'reset' | undefined
  close(): Promise<void>
}

/** What Azure's host does before it calls a function and the local one does not: it asks for a key, and answers 401 without a body. */
export async function startKeyedFront(target: () => string, path: string, key: string): Promise<KeyedFront> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === path) {
      if (front.instead === 'reset') return void request.socket.destroy()
      if (request.headers['x-functions-key'] !== key) return void response.writeHead(401).end()
      if (front.instead) {
        response
          .writeHead(front.instead.status, { 'content-type': 'application/json' })
          .end(front.instead.body)
        return undefined
      }
    }
    forward(target(), request, response)
    return undefined
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const front: KeyedFront = {
    url: `http://localhost:${port}`,
    instead: undefined,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return front
}
