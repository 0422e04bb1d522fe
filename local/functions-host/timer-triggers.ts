import type { RegisteredFunction } from './functions-core-types.ts'
import { triggerOf, type InvokeFunction } from './invocation.ts'
import { parseNcrontab } from './ncrontab.ts'

export interface FunctionTimers {
  /** Runs it now, or after the run that is under way. @throws what the function throws. */
  readonly invoke: (registered: RegisteredFunction) => Promise<void>
  readonly stop: () => void
}

/** setTimeout's longest delay. */
const longestDelayInMs = 2 ** 31 - 1

/** `%NAME%` stands for an app setting. @throws when there is no such setting. */
function scheduleOf(
  registered: RegisteredFunction,
  settings: Readonly<Record<string, string | undefined>>,
): string {
  const { binding } = triggerOf(registered)
  return String(binding['schedule']).replaceAll(/%([^%]+)%/g, (_, name: string) => {
    const value = settings[name]
    if (!value) throw new Error(`Function ${registered.metadata.name}: the app setting ${name} is missing`)
    return value
  })
}

/** Runs the functions with a timer trigger on schedule, in UTC; two runs of the same one never overlap. */
export function startTimers(
  registered: readonly RegisteredFunction[],
  settings: Readonly<Record<string, string | undefined>>,
  invoke: InvokeFunction,
  options: { readonly isScheduled: boolean },
): FunctionTimers {
  const pending = new Map<RegisteredFunction, NodeJS.Timeout>()
  const lastRuns = new Map<RegisteredFunction, Promise<void>>()
  const startedAt = new Map<RegisteredFunction, number>()
  const schedules = new Map(registered.map((one) => [one, parseNcrontab(scheduleOf(one, settings))]))

  const run = async (one: RegisteredFunction): Promise<void> => {
    const now = Date.now()
    const last = startedAt.get(one) ?? now
    const isoDate = (time: number): string => new Date(time).toISOString()
    // As of the end of the run before: what the host keeps for `useMonitor`, so that `Next` is the run at hand.
    const status = {
      Last: isoDate(last),
      Next: isoDate(schedules.get(one)?.nextAfter(last) ?? now),
      LastUpdated: isoDate(last),
    }
    startedAt.set(one, now)
    const json = { Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: false }
    await invoke(one, { triggerData: { json: JSON.stringify(json) } })
  }

  const serialised = (one: RegisteredFunction): Promise<void> => {
    const started = (lastRuns.get(one) ?? Promise.resolve()).then(() => run(one))
    lastRuns.set(
      one,
      started.catch(() => {}),
    )
    return started
  }

  const schedule = (one: RegisteredFunction, after: number): void => {
    const next = schedules.get(one)?.nextAfter(after) ?? Number.NaN
    const delayInMs = next - Date.now()
    const timer = setTimeout(
      () => {
        if (delayInMs > longestDelayInMs) {
          schedule(one, after)
          return
        }
        // The invoker has already logged a failure.
        void serialised(one)
          .catch(() => {})
          .finally(() => pending.get(one) === timer && schedule(one, Math.max(next, Date.now())))
      },
      Math.min(delayInMs, longestDelayInMs),
    )
    pending.set(one, timer)
  }

  if (options.isScheduled) for (const one of schedules.keys()) schedule(one, Date.now())
  return {
    invoke: serialised,
    stop: () => {
      for (const timer of pending.values()) clearTimeout(timer)
      pending.clear()
    },
  }
}
