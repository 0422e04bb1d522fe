/** How long the work takes. */
export async function timeInMs(work: () => Promise<unknown>): Promise<number> {
  const startTime = performance.now()
  await work()
  return performance.now() - startTime
}
