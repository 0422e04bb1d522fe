import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions'
import type { BrokerError } from '../core/broker-error.ts'
import type { SignInOutcome } from '../core/connection/sign-in.ts'
import type { SignIns } from '../core/connection/sign-ins.ts'
import { connectPageOf, problemOf, problemPage, signInLinkPage } from '../http/connect-page.ts'
import {
  attemptCookie,
  connectRouteOf,
  endedAttemptCookie,
  isOwnForm,
  readSignInResponse,
  sealedAttemptOf,
} from '../http/connect-request.ts'
import { isOurFault } from '../http/error-response.ts'
import { brokerErrorOf } from './always-answering.ts'
import { logEvent } from './event-log.ts'

export interface ConnectOptions {
  readonly signIns: SignIns
  readonly publicUrl: string | undefined
}

const NOTHING_HERE = 'There is nothing to connect here. Ask whoever sent the link for another one.'
const NOT_NOW = 'The broker cannot answer now. Try again later, or ask whoever runs it.'

/** `/connect/{id}`: the page where a person connects a connection, and where Entra ID sends the browser back to. */
export function createConnectHandler(options: () => ConnectOptions): HttpHandler {
  return async (http, context) => {
    const route = connectRouteOf(http)
    // A link scanner that tries everything finds nothing to change, and costs no read.
    if (!route) return problemPage(404, NOTHING_HERE)
    try {
      const given = options()
      if (route.kind === 'callback') return await callback(http, context, given)
      if (route.kind === 'page') return connectPageOf(await given.signIns.show(route.id), route.outcome)
      // Another site's form costs no read.
      if (!isOwnForm(http, given.publicUrl)) return problemPage(403, 'Open the link itself, and begin there.')
      const { name, url, sealedAttempt } = await given.signIns.begin(route.id)
      return withCookie(signInLinkPage(name, url), attemptCookie(sealedAttempt))
    } catch (thrown) {
      return answerTo(brokerErrorOf(thrown), context)
    }
  }
}

async function callback(
  http: HttpRequest,
  context: InvocationContext,
  { signIns }: ConnectOptions,
): Promise<HttpResponseInit> {
  const response = await readSignInResponse(http)
  const correlationId = context.invocationId
  const { id, name, outcome } = await signIns.finish(sealedAttemptOf(http), response, correlationId)
  const isOurs = outcome.kind === 'unavailable' || outcome.kind === 'not_stored'
  logEvent(context, isOurs ? 'error' : 'info', 'connection_sign_in', {
    connection: name,
    userHash: id,
    outcome: outcome.kind,
    aadsts: outcome.kind === 'refused' ? outcome.aadsts : undefined,
    correlationId,
  })
  // Back to an address that shows what is stored: reloading it, or going back, sends nothing again.
  const answer =
    id === undefined
      ? problemPage(400, problemOf(outcome.kind))
      : {
          status: 303,
          headers: { Location: `/connect/${id}/${endingOf(outcome)}`, 'Cache-Control': 'no-store' },
        }
  return withCookie(answer, endedAttemptCookie)
}

function endingOf(outcome: SignInOutcome): string {
  return outcome.kind === 'refused' && outcome.aadsts !== undefined
    ? `refused-${outcome.aadsts}`
    : outcome.kind
}

function answerTo(error: BrokerError, context: InvocationContext): HttpResponseInit {
  const { code, details } = error
  if (isOurFault(error)) {
    logEvent(context, 'error', 'connection_sign_in', {
      outcome: code,
      detail: details.logDetail,
      correlationId: context.invocationId,
    })
    return problemPage(503, NOT_NOW)
  }
  return problemPage(code === 'not_found' || code === 'unknown_client' ? 404 : 400, NOTHING_HERE)
}

function withCookie(response: HttpResponseInit, cookie: string): HttpResponseInit {
  return { ...response, headers: { ...(response.headers as Record<string, string>), 'Set-Cookie': cookie } }
}
