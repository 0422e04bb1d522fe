import { createActivityCounter, type RequestEvent, type SweepEvent } from './activity-counter.ts'
import type { ActivityMinute } from './activity-counts.ts'
import type { ActivityStore } from './activity-store.ts'

const MINUTE_IN_MS = 60_000
/** A timer may fire a little before the clock says that its time has come. */
const MARGIN_IN_MS = 1_000

/** What this instance does, counted by the minute. No method throws, and nobody waits for the writing. */
export interface Activity {
  countRequest(event: RequestEvent): void
  countSweep(event: SweepEvent): void
  /** A call of the identity provider has begun. It is counted with the event that tells of it next. */
  noteProviderCall(): void
  /** How many calls no event has told of yet; it is for the caller to tell of them. */
  takeProviderCalls(): number
  /** What is not in the store yet, or not for certain. */
  unwritten(): readonly ActivityMinute[]
}

export interface ActivityOptions {
  readonly store: Pick<ActivityStore, 'write'>
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Never rejects. */
  readonly delay: (timeInMs: number) => Promise<unknown>
  /** Another one each time, in every process. */
  readonly randomId: () => string
}

/**
 * A minute is written when it is over: by the first event after it, or by a timer when none comes. One write at a time; what cannot be written is
 * counted as lost, and the next minute that is written says so.
 */
export function createActivity({ store, now, delay, randomId }: ActivityOptions): Activity {
  let instanceId = randomId()
  let counter = createActivityCounter()
  let minuteTimestamp: number | undefined
  let newestClosedTimestamp = -Infinity
  let writing: ActivityMinute | undefined
  let lostMinutes = 0
  let providerCalls = 0

  function counterOfNow() {
    const time = now()
    const timestamp = time - (time % MINUTE_IN_MS)
    if (timestamp !== minuteTimestamp) {
      close()
      // A clock that was set back comes to the same minute again: as another instance, or the row would be replaced.
      if (timestamp <= newestClosedTimestamp) instanceId = randomId()
      minuteTimestamp = timestamp
      const overInMs = timestamp + MINUTE_IN_MS - time
      void delay(overInMs + MARGIN_IN_MS).then(() => minuteTimestamp === timestamp && close())
    }
    return counter
  }

  function current(): ActivityMinute | undefined {
    return minuteTimestamp === undefined
      ? undefined
      : { minuteTimestamp, instanceId, counts: counter.counts(), lostMinutes }
  }

  function close(): void {
    const minute = current()
    counter = createActivityCounter()
    minuteTimestamp = undefined
    if (!minute) return
    newestClosedTimestamp = minute.minuteTimestamp
    if (writing) lostMinutes++
    else void write(minute)
  }

  async function write(minute: ActivityMinute): Promise<void> {
    writing = minute
    try {
      await store.write(minute)
      lostMinutes -= minute.lostMinutes
    } catch {
      lostMinutes++
    } finally {
      writing = undefined
    }
  }

  return {
    countRequest: (event) => counterOfNow().countRequest(event),
    countSweep: (event) => counterOfNow().countSweep(event),
    noteProviderCall: () => void providerCalls++,
    takeProviderCalls() {
      const calls = providerCalls
      providerCalls = 0
      return calls
    },
    unwritten() {
      const open = current()
      return [...(writing ? [writing] : []), ...(open ? [open] : [])]
    },
  }
}
