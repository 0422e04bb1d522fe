import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'

/** Hands a request on as it is, and its answer back. */
export function forward(target: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = request
  const forwarded = httpRequest(`${target}${request.url}`, { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  forwarded.on('error', () => response.destroy())
  request.pipe(forwarded)
}
