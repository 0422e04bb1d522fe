import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { Readiness } from '../core/readiness.ts'
import { logEvent } from './event-log.ts'

/** `GET /ready`: 200 when every dependency works, else 503 and which one does not. `checkReadiness` may throw. */
export function createReadyHandler(checkReadiness: () => Promise<Readiness>): HttpHandler {
  return async (_, context) => {
    const { isReady, checks, details } = await checkReadiness().catch(unreadable)
    if (!isReady)
      logEvent(context, 'error', 'not_ready', {
        detail: details.join('; '),
        correlationId: context.invocationId,
      })
    return {
      status: isReady ? 200 : 503,
      headers: { 'Cache-Control': 'no-store' },
      jsonBody: { status: isReady ? 'ready' : 'not ready', checks },
    }
  }
}

/** The app settings are wrong: there is nothing to ask. */
function unreadable(error: unknown): Readiness {
  const detail = error instanceof BrokerError ? error.details.logDetail : undefined
  return { isReady: false, checks: { settings: 'misconfigured' }, details: [detail ?? 'app settings'] }
}
