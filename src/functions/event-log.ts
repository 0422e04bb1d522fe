import type { InvocationContext } from '@azure/functions'

/** Everything that a log line may hold. Names, times, codes and keyed hashes: nothing that a caller sent. */
export interface LogFields {
  readonly action?: string | undefined
  readonly client?: string | undefined
  /** Keyed hash over profile and user name. */
  readonly userHash?: string | undefined
  readonly durationMs?: number | undefined
  readonly source?: string | undefined
  readonly status?: number | undefined
  readonly error?: string | undefined
  readonly aadsts?: number | undefined
  readonly detail?: string | undefined
  readonly due?: number
  readonly refreshed?: number
  readonly dropped?: number
  readonly passed?: number
  readonly failed?: Readonly<Record<string, number>>
  readonly left?: number
  readonly queued?: number
  readonly waiting?: number
  readonly oldestLagMs?: number
  readonly warnings?: readonly string[] | undefined
  readonly correlationId?: string | undefined
}

/** One structured line: a constant event name and allow-listed fields. */
export function logEvent(
  context: InvocationContext,
  level: 'info' | 'warn' | 'error',
  event: string,
  fields: LogFields,
): void {
  context[level](JSON.stringify({ event, ...fields }))
}
