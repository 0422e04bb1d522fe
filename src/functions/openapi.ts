import type { HttpHandler } from '@azure/functions'
import { openApi } from '../http/openapi.generated.ts'

/** `GET /openapi.json`: the definition of this API, for tools. It holds nothing but what the documentation says. */
export const openapi: HttpHandler = async () => ({
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=3600' },
  body: openApi,
})
