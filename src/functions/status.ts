import type { HttpHandler } from '@azure/functions'
import { statusPageResponse } from '../http/status-page.ts'

/** `GET /status`: a page that asks for an admin key and shows what `GET /status/data` gives for it. */
export const status: HttpHandler = async () => statusPageResponse
