import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { Readiness } from '../core/readiness.ts'
import { NO_STORE_HEADERS } from '../http/no-store-headers.ts'
import { logEvent, logProblems } from './event-log.ts'

/**
 * `GET /ready`: 200 when every dependency works, else 503 and which one does not. `problems` says why, and what else is wrong
 * although service goes on: names and constants, for whoever has the function key. `checkReadiness` may throw a
 * {@link BrokerError} when the app settings are wrong, so that there is nothing to ask.
 */
export function createReadyHandler(checkReadiness: () => Promise<Readiness>): HttpHandler {
  return async (_, context) => {
    const { isReady, checks, details, problems } = await checkReadiness().catch(unreadable)
    if (!isReady)
      logEvent(context, 'error', 'not_ready', {
        detail: details.join('; '),
        correlationId: context.invocationId,
      })
    logProblems(context, problems)
    const allProblems = [...details, ...problems]
    return {
      status: isReady ? 200 : 503,
      headers: NO_STORE_HEADERS,
      jsonBody: {
        status: isReady ? 'ready' : 'not ready',
        checks,
        ...(allProblems.length > 0 && { problems: allProblems }),
      },
    }
  }
}

function unreadable(error: unknown): Readiness {
  if (!(error instanceof BrokerError)) throw error
  const { logDetail = 'app settings' } = error.details
  return { isReady: false, checks: { settings: 'misconfigured' }, details: [logDetail], problems: [] }
}
