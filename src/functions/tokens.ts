import type { HttpHandler, HttpRequest, HttpResponseInit } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { Operators } from '../core/operate/operators.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { errorResponseOf, isOurFault } from '../http/error-response.ts'
import { clientOf, pageOf, readUser, userHashOf } from '../http/operator-requests.ts'
import { entryJsonOf, jsonResponse, userJsonOf } from '../http/operator-responses.ts'
import { brokerErrorOf } from './always-answering.ts'
import { logEvent, type LogFields } from './event-log.ts'

export interface OperatorOptions {
  readonly operators: Operators
  readonly resolveCaller: ResolveCaller
}

/** What was done, for the audit line, beside the answer. */
interface Done {
  readonly response: HttpResponseInit
  readonly fields?: Pick<LogFields<'operator_action'>, 'client' | 'userHash' | 'count'>
}

type Act = (http: HttpRequest, operators: Operators) => Promise<Done>

const list: Act = async (http, operators) => {
  const { pageSize, next } = pageOf(http)
  const page = await operators.list(pageSize, next)
  const body = { tokens: page.entries.map(entryJsonOf), next: page.next ?? null }
  return { response: jsonResponse(200, body), fields: { count: page.entries.length } }
}

const find: Act = async (http, operators) => {
  const { client, username } = await readUser(http)
  const user = await operators.find(client, username)
  return { response: jsonResponse(200, userJsonOf(user)), fields: { client, userHash: user.userHash } }
}

const forgetUser: Act = async (http, operators) => {
  const { client, username } = await readUser(http)
  const { userHash, isFound } = await operators.forgetUser(client, username)
  const response = jsonResponse(200, { user_hash: userHash, deleted: isFound ? 1 : 0 })
  return { response, fields: { client, userHash, count: isFound ? 1 : 0 } }
}

const forget: Act = async (http, operators) => {
  const userHash = userHashOf(http)
  if (!(await operators.forget(userHash))) throw new BrokerError('unknown_token', { entryKey: userHash })
  return { response: { status: 204 }, fields: { userHash, count: 1 } }
}

const forgetClient: Act = async (http, operators) => {
  const client = clientOf(http)
  const deleted = await operators.forgetClient(client)
  return { response: jsonResponse(200, { deleted }), fields: { client, count: deleted } }
}

const ACTS = { list, find, forget_user: forgetUser, forget, forget_client: forgetClient }

/** One of the operators' calls, with its audit line: who did what to whom. */
export function createOperatorHandler(
  action: keyof typeof ACTS,
  options: () => OperatorOptions,
): HttpHandler {
  return async (http, context) => {
    const correlationId = context.invocationId
    let caller: string | undefined
    const log = (level: 'info' | 'error', fields: LogFields<'operator_action'>) =>
      logEvent(context, level, 'operator_action', { action, caller, ...fields, correlationId })
    try {
      const { operators, resolveCaller } = options()
      caller = await resolveCaller(http)
      const { response, fields } = await ACTS[action](http, operators)
      log('info', { ...fields, status: response.status ?? 200 })
      return response
    } catch (thrown) {
      const error = brokerErrorOf(thrown)
      const response = errorResponseOf(error, correlationId)
      const { logDetail: detail, entryKey: userHash } = error.details
      log(isOurFault(error) ? 'error' : 'info', {
        error: error.code,
        detail,
        userHash,
        status: response.status ?? 500,
      })
      return response
    }
  }
}
