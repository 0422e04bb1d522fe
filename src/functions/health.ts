import type { HttpHandler } from '@azure/functions'

/** `GET /health`: the process answers. No detail: it is anonymous. */
export const health: HttpHandler = async () => ({
  headers: { 'Cache-Control': 'no-store' },
  jsonBody: { status: 'ok' },
})
