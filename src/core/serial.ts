/** Runs the tasks of one key one after the other, in the order in which they came. A task that fails does not stop the next. */
export function serial(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>()
  return (key, task) => {
    const before = tails.get(key) ?? Promise.resolve()
    const result = before.catch(() => {}).then(task)
    const forget = (): void => {
      if (tails.get(key) === result) tails.delete(key)
    }
    tails.set(key, result)
    void result.then(forget, forget)
    return result
  }
}
