import type { HttpHandler } from '@azure/functions'
import type { ReadHistory } from '../core/activity/activity-history.ts'
import { BrokerError } from '../core/broker-error.ts'
import { surveyEntries } from '../core/operate/entry-survey.ts'
import type { Operators } from '../core/operate/operators.ts'
import type { Readiness } from '../core/readiness.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { errorResponseOf, isOurFault } from '../http/error-response.ts'
import { jsonResponse } from '../http/operator-responses.ts'
import { rangeOf, statusJsonOf, SURVEY_LIMITS } from '../http/status-response.ts'
import { faultDetailOf } from '../core/fault-detail.ts'
import { withinTime } from '../time-limit.ts'
import { brokerErrorOf } from './always-answering.ts'
import { logEvent, type LogFields } from './event-log.ts'

export interface StatusOptions {
  readonly checkReadiness: () => Promise<Readiness>
  readonly operators: Pick<Operators, 'list'>
  readonly readHistory: ReadHistory
  readonly resolveCaller: ResolveCaller
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Of each part of the answer. */
  readonly deadlineInMs: number
}

/** `GET /status/data`: what the status page shows. A part that cannot be had says so, and the others are there. */
export function createStatusDataHandler(options: () => StatusOptions): HttpHandler {
  return async (http, context) => {
    const correlationId = context.invocationId
    let caller: string | undefined
    const audit = (level: 'info' | 'error', fields: LogFields<'operator_action'>) =>
      logEvent(context, level, 'operator_action', { action: 'status', caller, ...fields, correlationId })
    try {
      const { checkReadiness, operators, readHistory, resolveCaller, now, deadlineInMs } = options()
      caller = await resolveCaller(http)
      const range = rangeOf(http)
      const inTime = <T>(part: Promise<T>): Promise<T | BrokerError> =>
        withinTime(part, deadlineInMs, () => new BrokerError('deadline_exceeded')).catch(unavailable)
      const [readiness, survey, history] = await Promise.all([
        checkReadiness(),
        inTime(surveyEntries(operators.list, now(), SURVEY_LIMITS)),
        inTime(readHistory(range)),
      ])
      const missing = [survey, history].filter((part) => part instanceof BrokerError)
      audit(missing.length > 0 ? 'error' : 'info', {
        status: 200,
        ...(missing[0] && { error: missing[0].code, detail: missing[0].details.logDetail }),
      })
      return jsonResponse(200, statusJsonOf({ readiness, survey, history }, range, now()))
    } catch (thrown) {
      const error = brokerErrorOf(thrown)
      const response = errorResponseOf(error, correlationId)
      audit(isOurFault(error) ? 'error' : 'info', {
        error: error.code,
        detail: error.details.logDetail,
        status: response.status ?? 500,
      })
      return response
    }
  }
}

/** Whatever the store says: the page has other parts to show. */
function unavailable(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  return new BrokerError('temporarily_unavailable', { logDetail: faultDetailOf(error), cause: error })
}
