/** What happens next, in order of time, then of arrangement. Time passes from one event to the next and at no other moment. */
export interface EventQueue {
  /** Epoch milliseconds. */
  readonly time: () => number
  readonly after: (timeInMs: number, happen: () => void) => void
  /** Until nothing is left before the end, or until somebody says stop. */
  readonly run: (endTimestamp: number, isStopped: () => boolean) => Promise<void>
}

interface Event {
  readonly at: number
  readonly sequence: number
  readonly happen: () => void
}

/**
 * Resolves when every promise is settled that can settle without another event. Node.js looks at its ticks only when no
 * microtask is left, those that microtasks made included; neither a timer nor a turn of the event loop is needed, provided
 * that it is awaited from a microtask: then no tick comes before the microtasks that an event has made.
 */
const settled = () => new Promise<void>((resolve) => process.nextTick(resolve))

export function createEventQueue(startTimestamp: number): EventQueue {
  const heap: Event[] = []
  let time = startTimestamp
  let sequence = 0

  const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence)

  function push(event: Event): void {
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (!parent || isBefore(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  function pop(): Event | undefined {
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || first === last) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (!left) break
      const child = right && isBefore(right, left) ? right : left
      if (child === right) below++
      if (isBefore(last, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }

  return {
    time: () => time,
    after: (timeInMs, happen) => push({ at: time + timeInMs, sequence: sequence++, happen }),
    async run(endTimestamp, isStopped) {
      await settled()
      while (!isStopped()) {
        const next = heap[0]
        if (!next || next.at > endTimestamp) break
        pop()
        time = next.at
        next.happen()
        await settled()
      }
    },
  }
}
