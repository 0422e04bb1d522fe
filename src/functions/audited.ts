import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions'
import type { ResolveCaller } from '../http/caller.ts'
import { errorResponseOf, isOurFault } from '../http/error-response.ts'
import { brokerErrorOf } from './always-answering.ts'
import { logEvent, type LogFields } from './event-log.ts'

type Fields = LogFields<'operator_action'>

/** The answer to an operator, and what the audit line says besides who asked. */
export interface Audited {
  readonly response: HttpResponseInit
  readonly fields?: Omit<Fields, 'action' | 'caller' | 'status' | 'correlationId'>
}

export interface AuditedOptions {
  readonly resolveCaller: ResolveCaller
  /** Where it matters who it was, and not only whose key it was. */
  readonly resolvePrincipal?: (http: HttpRequest) => string
}

/** One of the operators' calls, with its audit line: who did what to whom, whether it worked or not. */
export function audited<O extends AuditedOptions>(
  action: string,
  options: () => O,
  act: (http: HttpRequest, options: O, context: InvocationContext) => Promise<Audited>,
): HttpHandler {
  return async (http, context) => {
    const correlationId = context.invocationId
    let caller: string | undefined
    let principal: string | undefined
    const log = (level: 'info' | 'error', fields: Fields) =>
      logEvent(context, level, 'operator_action', { action, caller, principal, ...fields, correlationId })
    try {
      const given = options()
      caller = await given.resolveCaller(http)
      principal = given.resolvePrincipal?.(http)
      const { response, fields } = await act(http, given, context)
      log(fields?.error === undefined ? 'info' : 'error', { ...fields, status: response.status ?? 200 })
      return response
    } catch (thrown) {
      const error = brokerErrorOf(thrown)
      const response = errorResponseOf(error, correlationId)
      const { logDetail: detail, entryKey: userHash, connection } = error.details
      log(isOurFault(error) ? 'error' : 'info', {
        error: error.code,
        detail,
        userHash,
        connection,
        status: response.status ?? 500,
      })
      return response
    }
  }
}
