/**
 * What `work` gives, within a time. The work goes on when the time is up: others may share it, and nobody who stopped waiting
 * hears of a failure any more.
 *
 * @throws what `errorOf` makes, when the time is up.
 */
export async function withinTime<T>(work: Promise<T>, limitInMs: number, errorOf: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(errorOf()), limitInMs)
  })
  try {
    // `race` listens to both for ever, so whichever fails later is handled.
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
