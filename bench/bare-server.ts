import { startLoopbackServer } from '../local/server/loopback-server.ts'

/**
 * A child process that reads each request and answers a constant body, of as many bytes as its argument says: the least that
 * an HTTP server in Node.js does. Tells its parent the port, and ends with it.
 */
const body = Buffer.alloc(Number(process.argv[2]), 'x')

const server = await startLoopbackServer({
  handle: async (_request, _body, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
  },
})
process.once('disconnect', () => process.exit(0))
process.send?.(server.port)
