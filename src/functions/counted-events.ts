import type { Activity } from '../core/activity/activity.ts'
import { logEvent, type EventName, type LogEvent, type LogFields } from './event-log.ts'

type Counted = Pick<Activity, 'countRequest' | 'countSweep' | 'takeProviderCalls'>
type Fields<E extends EventName> = LogFields<E>

const COUNTS: { readonly [E in EventName]?: (activity: Counted, fields: Fields<E>) => void } = {
  token_request: (activity, fields) => activity.countRequest(fields),
  refresh_sweep: (activity, fields) => activity.countSweep({ kind: 'tick', ...fields }),
  refresh_sweep_failed: (activity, fields) => activity.countSweep({ kind: 'failed_tick', ...fields }),
  refresh_chunk: (activity, fields) => activity.countSweep({ kind: 'chunk', ...fields }),
}

/**
 * Writes events, and counts what it has written: so the figures of the status page are those of the log. Without activity, as
 * when the settings are wrong, nothing is counted.
 */
export function countingEvents(activityOf: () => Counted): LogEvent {
  return (context, level, event, fields) => {
    const count = COUNTS[event]
    const activity = count && activityIfAny(activityOf)
    const providerCalls = activity?.takeProviderCalls() ?? 0
    const told = providerCalls > 0 ? { ...fields, providerCalls } : fields
    logEvent(context, level, event, told)
    if (activity) count?.(activity, told)
  }
}

function activityIfAny(activityOf: () => Counted): Counted | undefined {
  try {
    return activityOf()
  } catch {
    return undefined
  }
}
