import type { HttpHandler } from '@azure/functions'
import type { ReadHistory } from '../core/activity/activity-history.ts'
import { BrokerError } from '../core/broker-error.ts'
import { surveyConnections } from '../core/connection/connection-survey.ts'
import type { Connections } from '../core/connection/connections.ts'
import { surveyEntries } from '../core/operate/entry-survey.ts'
import type { Operators } from '../core/operate/operators.ts'
import type { Readiness } from '../core/readiness.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { jsonResponse } from '../http/operator-responses.ts'
import { rangeOf, statusJsonOf, SURVEY_LIMITS } from '../http/status-response.ts'
import { faultDetailOf } from '../core/fault-detail.ts'
import { withinTime } from '../time-limit.ts'
import { audited } from './audited.ts'

export interface StatusOptions {
  readonly checkReadiness: () => Promise<Readiness>
  readonly operators: Pick<Operators, 'list'>
  readonly connections: Pick<Connections, 'list'>
  readonly readHistory: ReadHistory
  readonly resolveCaller: ResolveCaller
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Of each part of the answer. */
  readonly deadlineInMs: number
}

const MAX_CONNECTIONS = 2000

/** `GET /status/data`: what the status page shows. A part that cannot be had says so, and the others are there. */
export function createStatusDataHandler(options: () => StatusOptions): HttpHandler {
  return audited(
    'status',
    options,
    async (http, { checkReadiness, operators, connections: made, readHistory, now, deadlineInMs }) => {
      const range = rangeOf(http)
      const inTime = <T>(part: Promise<T>): Promise<T | BrokerError> =>
        withinTime(part, deadlineInMs, () => new BrokerError('deadline_exceeded')).catch(unavailable)
      const [readiness, survey, connections, history] = await Promise.all([
        checkReadiness(),
        inTime(surveyEntries(operators.list, now(), SURVEY_LIMITS)),
        inTime(surveyConnections((pageSize, next) => made.list(pageSize, next), now(), MAX_CONNECTIONS)),
        inTime(readHistory(range)),
      ])
      const [missing] = [survey, connections, history].filter((part) => part instanceof BrokerError)
      return {
        response: jsonResponse(200, statusJsonOf({ readiness, survey, connections, history }, range, now())),
        ...(missing && { fields: { error: missing.code, detail: missing.details.logDetail } }),
      }
    },
  )
}

/** Whatever the store says: the page has other parts to show. */
function unavailable(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  return new BrokerError('temporarily_unavailable', { logDetail: faultDetailOf(error), cause: error })
}
