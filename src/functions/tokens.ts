import type { HttpHandler, HttpRequest } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { Operators } from '../core/operate/operators.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { clientOf, pageOf, readUser, userHashOf } from '../http/operator-requests.ts'
import { entryJsonOf, jsonResponse, userJsonOf } from '../http/operator-responses.ts'
import { audited, type Audited } from './audited.ts'

export interface OperatorOptions {
  readonly operators: Operators
  readonly resolveCaller: ResolveCaller
}

type Act = (http: HttpRequest, operators: Operators) => Promise<Audited>

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
  if (!(await operators.forget(userHash))) throw new BrokerError('not_found', { entryKey: userHash })
  return { response: { status: 204 }, fields: { userHash, count: 1 } }
}

const forgetClient: Act = async (http, operators) => {
  const client = clientOf(http)
  const deleted = await operators.forgetClient(client)
  return { response: jsonResponse(200, { deleted }), fields: { client, count: deleted } }
}

const ACTS = { list, find, forget_user: forgetUser, forget, forget_client: forgetClient }

export function createOperatorHandler(
  action: keyof typeof ACTS,
  options: () => OperatorOptions,
): HttpHandler {
  return audited(action, options, (http, { operators }) => ACTS[action](http, operators))
}
