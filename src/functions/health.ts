import type { HttpHandler } from '@azure/functions'
import { NO_STORE_HEADERS } from '../http/no-store-headers.ts'

/** `GET /health`: the process answers. No detail: it is anonymous. */
export const health: HttpHandler = async () => ({
  headers: NO_STORE_HEADERS,
  jsonBody: { status: 'ok' },
})
