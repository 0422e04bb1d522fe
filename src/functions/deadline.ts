import { BrokerError } from '../core/broker-error.ts'

/**
 * Answers for a caller who will not wait longer. The work goes on: others may share it, and its token is kept.
 *
 * @throws {BrokerError} `deadline_exceeded`
 */
export async function withinDeadline<T>(work: Promise<T>, deadlineInMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BrokerError('deadline_exceeded')), deadlineInMs)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
    // Whoever stopped waiting no longer hears of a failure; it must not end the process.
    work.catch(() => {})
  }
}
