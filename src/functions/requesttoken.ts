import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { BrokeredToken, TokenSource } from '../core/request/brokered-token.ts'
import { faultDetailOf } from '../core/fault-detail.ts'
import { errorResponseOf, isOurFault } from '../http/error-response.ts'
import { tokenRequestOf } from '../http/token-request-reader.ts'
import { tokenResponseOf } from '../http/token-response.ts'
import { withinDeadline } from './deadline.ts'
import { logEvent, type LogFields } from './event-log.ts'

export interface RequestTokenParts {
  readonly tokenSource: TokenSource
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly deadlineInMs: number
}

/** `POST /requesttoken`. `parts` may throw a {@link BrokerError}, which is then the answer. Never rejects. */
export function createRequestTokenHandler(parts: () => RequestTokenParts): HttpHandler {
  return async (http, context) => {
    const correlationId = context.invocationId
    const startTime = performance.now()
    const log = (level: 'info' | 'warn' | 'error', fields: LogFields) =>
      logEvent(context, level, 'token_request', {
        ...fields,
        durationMs: Math.round(performance.now() - startTime),
        correlationId,
      })
    let client: string | undefined
    try {
      const { tokenSource, now, deadlineInMs } = parts()
      const request = await tokenRequestOf(http)
      client = request.client
      const brokered = await withinDeadline(tokenSource({ ...request, correlationId }), deadlineInMs)
      log(brokered.warnings.length > 0 ? 'warn' : 'info', { client, ...fieldsOf(brokered), status: 200 })
      return tokenResponseOf(brokered, correlationId, now())
    } catch (thrown) {
      const error = brokerErrorOf(thrown)
      const response = errorResponseOf(error, correlationId)
      log(isOurFault(error) ? 'error' : 'info', { client, ...errorFieldsOf(error), status: response.status })
      return response
    }
  }
}

function fieldsOf({ action, source, entryKey, warnings }: BrokeredToken): LogFields {
  return {
    action,
    source,
    userHash: entryKey,
    ...(warnings.length > 0 && {
      warnings: warnings.map(({ code, detail }) => (detail ? `${code} (${detail})` : code)),
    }),
  }
}

function errorFieldsOf({ code, details }: BrokerError): LogFields {
  return { error: code, aadsts: details.aadsts, detail: details.logDetail, userHash: details.entryKey }
}

/** The name of an unforeseen error is all that may be said of it: its message may quote what it failed on. */
function brokerErrorOf(thrown: unknown): BrokerError {
  if (thrown instanceof BrokerError) return thrown
  return new BrokerError('internal_error', { logDetail: faultDetailOf(thrown), cause: thrown })
}
