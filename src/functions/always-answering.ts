import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import { faultDetailOf } from '../core/fault-detail.ts'
import { errorResponseOf } from '../http/error-response.ts'
import { logEvent } from './event-log.ts'

/** The same handler, which never rejects: with HTTP streaming the host does not answer a call whose handler does, ever. */
export function alwaysAnswering(handler: HttpHandler): HttpHandler {
  return async (http, context) => {
    try {
      return await handler(http, context)
    } catch (thrown) {
      const error = brokerErrorOf(thrown)
      const response = errorResponseOf(error, context.invocationId)
      try {
        logEvent(context, 'error', 'request_failed', {
          error: error.code,
          detail: error.details.logDetail,
          status: response.status,
          correlationId: context.invocationId,
        })
      } catch {
        // The log itself may be what failed. The answer matters more.
      }
      return response
    }
  }
}

/** The name of an unforeseen error is all that may be said of it: its message may quote what it failed on. */
export function brokerErrorOf(thrown: unknown): BrokerError {
  if (thrown instanceof BrokerError) return thrown
  return new BrokerError('internal_error', { logDetail: faultDetailOf(thrown), cause: thrown })
}
