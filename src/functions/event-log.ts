import type { InvocationContext } from '@azure/functions'
import type { Concern } from '../core/connection/connection-survey.ts'

const MAX_TEXT_LENGTH = 500
const MAX_MEMBERS = 20

/** A field of a line: what of a value may be written, `undefined` when nothing of it may. */
const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH) : undefined
const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined
const texts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value)
    ? value
        .slice(0, MAX_MEMBERS)
        .map(text)
        .filter((each) => each !== undefined)
    : undefined
const counts = (value: unknown): Readonly<Record<string, number>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([, count]) => number(count) !== undefined)
          .slice(0, MAX_MEMBERS)
          .map(([name, count]) => [name.slice(0, MAX_TEXT_LENGTH), Number(count)]),
      )
    : undefined

const SWEEP = {
  due: number,
  refreshed: number,
  dropped: number,
  passed: number,
  failed: counts,
  left: number,
  oldestLagMs: number,
  providerCalls: number,
  durationMs: number,
  correlationId: text,
}

/**
 * Every line there is, and everything that it may hold: names, times, codes and keyed hashes, nothing that a caller sent. It is
 * looked up when a line is written, because an object may hold more than its type says.
 */
const EVENTS = {
  token_request: {
    client: text,
    /** The name of the connection, if it exists. */
    connection: text,
    /** Keyed digest of the function key, or of the identity that the platform found. */
    caller: text,
    /** Keyed hash over profile and user name; the id of a connection. */
    userHash: text,
    action: text,
    source: text,
    status: number,
    error: text,
    aadsts: number,
    detail: text,
    warnings: texts,
    /** Calls of the identity provider since this process last told of any. */
    providerCalls: number,
    durationMs: number,
    correlationId: text,
  },
  /** A handler threw what it should have answered. */
  request_failed: { error: text, detail: text, status: number, correlationId: text },
  /** Who did what to whom. */
  operator_action: {
    action: text,
    caller: text,
    /** The principal's object id, where the platform has authenticated one. */
    principal: text,
    client: text,
    connection: text,
    userHash: text,
    count: number,
    status: number,
    error: text,
    detail: text,
    correlationId: text,
  },
  /** A person signed in to connect a connection, or tried to. */
  connection_sign_in: {
    connection: text,
    /** The id of the connection. */
    userHash: text,
    outcome: text,
    aadsts: number,
    detail: text,
    correlationId: text,
  },
  /** Somebody must see to a connection: told once a day. */
  connection_concern: {
    connection: text,
    client: text,
    concern: text,
    /** ISO 8601; of one that is dying, until when. */
    since: text,
    aadsts: number,
    correlationId: text,
  },
  not_ready: { detail: text, correlationId: text },
  /** Service goes on with what was good before. */
  configuration_problem: { detail: text, correlationId: text },
  refresh_sweep: { ...SWEEP, queued: number, waiting: number },
  refresh_sweep_failed: { detail: text, providerCalls: number, durationMs: number, correlationId: text },
  refresh_chunk: SWEEP,
}

type Events = typeof EVENTS
export type EventName = keyof Events
export type LogFields<E extends keyof Events> = {
  readonly [F in keyof Events[E]]?: Events[E][F] extends (value: unknown) => infer Written ? Written : never
}

/** One structured line: a constant event name and the fields that this event may have. */
export function logEvent<E extends keyof Events>(
  context: InvocationContext,
  level: 'info' | 'warn' | 'error',
  event: E,
  fields: LogFields<E>,
): void {
  const given = fields as Readonly<Record<string, unknown>>
  const allowed = Object.entries(EVENTS[event]).map(([name, written]) => [name, written(given[name])])
  context[level](JSON.stringify({ event, ...Object.fromEntries(allowed) }))
}

export type LogEvent = typeof logEvent

/** A line for each thing that is wrong although service goes on. */
export function logProblems(context: InvocationContext, problems: readonly string[]): void {
  const correlationId = context.invocationId
  for (const detail of problems)
    logEvent(context, 'error', 'configuration_problem', { detail, correlationId })
}

/** A line for each connection that somebody must see to. */
export function logConcerns(context: InvocationContext, concerns: readonly Concern[]): void {
  const correlationId = context.invocationId
  for (const { name: connection, client, kind: concern, timestamp, aadsts } of concerns) {
    const since = new Date(timestamp).toISOString()
    logEvent(context, 'warn', 'connection_concern', {
      connection,
      client,
      concern,
      since,
      aadsts,
      correlationId,
    })
  }
}
