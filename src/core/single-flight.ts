/** Runs at most one `task` per key at a time; callers that arrive meanwhile share its outcome, failures included. */
export function singleFlight<T>(): (key: string, task: () => Promise<T>) => Promise<T> {
  const inFlight = new Map<string, Promise<T>>()
  return (key, task) => {
    const running = inFlight.get(key)
    if (running) return running
    const started = Promise.resolve()
      .then(task)
      .finally(() => inFlight.delete(key))
    inFlight.set(key, started)
    return started
  }
}
