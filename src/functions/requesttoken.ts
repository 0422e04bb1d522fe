import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import { DEFAULT_CLIENT } from '../core/client-profile.ts'
import type { BrokeredToken, TokenSource } from '../core/request/brokered-token.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { isOurFault } from '../http/error-response.ts'
import { brokerProtocol, type TokenProtocol } from '../http/token-protocol.ts'
import { withinTime } from '../time-limit.ts'
import { brokerErrorOf } from './always-answering.ts'
import { logEvent, type LogEvent, type LogFields } from './event-log.ts'

type Fields = LogFields<'token_request'>

export interface RequestTokenOptions {
  readonly tokenSource: TokenSource
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Of the whole request, the body's arrival included. */
  readonly deadlineInMs: number
  readonly resolveCaller: ResolveCaller
}

/**
 * `POST /requesttoken`, and in the words of another protocol the same. `options` may throw a {@link BrokerError}, which is then the
 * answer.
 */
export function createRequestTokenHandler(
  options: () => RequestTokenOptions,
  writeEvent: LogEvent = logEvent,
  protocol: TokenProtocol = brokerProtocol,
): HttpHandler {
  return async (http, context) => {
    const correlationId = context.invocationId
    const startTime = performance.now()
    let client: string | undefined
    let caller: string | undefined
    const log = (level: 'info' | 'warn' | 'error', fields: Fields) =>
      writeEvent(context, level, 'token_request', {
        client,
        caller,
        ...fields,
        durationMs: Math.round(performance.now() - startTime),
        correlationId,
      })
    try {
      const { tokenSource, now, deadlineInMs, resolveCaller } = options()
      const answer = async () => {
        caller = await resolveCaller(http)
        const request = await protocol.read(http)
        client = request.client ?? DEFAULT_CLIENT
        return tokenSource({ ...request, caller, correlationId })
      }
      const brokered = await withinTime(answer(), deadlineInMs, () => new BrokerError('deadline_exceeded'))
      log(brokered.warnings.length > 0 ? 'warn' : 'info', { ...fieldsOf(brokered), status: 200 })
      return protocol.tokenResponseOf(brokered, correlationId, now())
    } catch (thrown) {
      const error = brokerErrorOf(thrown)
      const response = protocol.errorResponseOf(error, correlationId)
      log(isOurFault(error) ? 'error' : 'info', { ...errorFieldsOf(error), status: response.status })
      return response
    }
  }
}

function fieldsOf({ action, source, entryKey, warnings, connection }: BrokeredToken): Fields {
  return {
    ...connectionFieldsOf(connection),
    action,
    source,
    userHash: entryKey,
    ...(warnings.length > 0 && {
      warnings: warnings.map(({ code, detail }) => (detail ? `${code} (${detail})` : code)),
    }),
  }
}

function errorFieldsOf({ code, details }: BrokerError): Fields {
  return {
    ...connectionFieldsOf(details.connection),
    error: code,
    aadsts: details.aadsts,
    detail: details.logDetail,
    userHash: details.entryKey,
  }
}

/** A connection says which client it is of. */
function connectionFieldsOf(connection: string | undefined): Fields {
  return connection === undefined ? {} : { connection, client: undefined }
}
