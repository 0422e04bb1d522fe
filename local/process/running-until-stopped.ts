import { PortError } from '../server/port-error.ts'
import { parentGone } from './parent-watch.ts'
import { StartError } from './start-error.ts'

export interface Startable {
  readonly close: () => Promise<void>
  /** Resolves when it ends of itself. */
  readonly ended?: Promise<unknown>
}

/** Within this time a second signal is the same Ctrl-C: the terminal sends one, and npm passes its own on. */
const doubleSignalInMs = 500

/**
 * Starts things one after the other, runs until Ctrl-C, SIGTERM, the end of one of them or of the process that started this
 * one, and closes them in reverse order. A second Ctrl-C does not wait. Sets the exit code: 0 when it was asked to stop, 2 when
 * the command line was wrong, 1 otherwise.
 *
 * @param start calls `keep` with what must be closed, or `finish` when there is nothing to run.
 * @param portAdvice what to do about a port that cannot be had.
 */
export async function runUntilStopped(
  start: (keep: <T extends Startable>(one: T) => T, finish: (lastWords: string) => void) => Promise<void>,
  portAdvice: string,
): Promise<void> {
  const kept: Startable[] = []
  const stopped = Promise.withResolvers<'asked'>()
  const onSignal = (): void => {
    stopped.resolve('asked')
    setTimeout(() => process.on('SIGINT', () => process.exit(130)), doubleSignalInMs).unref()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal)
  void parentGone().then(() => stopped.resolve('asked'))
  // Whoever reads may be gone first. That is no reason to leave without closing.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stopped.resolve('asked'))

  try {
    const keep = <T extends Startable>(one: T): T => (kept.push(one), one)
    const finish = (lastWords: string): void => {
      console.log(lastWords)
      stopped.resolve('asked')
    }
    await Promise.race([start(keep, finish), stopped.promise])
    const endings = kept.flatMap(({ ended }) => (ended ? [ended.then(() => 'ended' as const)] : []))
    const reason = await Promise.race([stopped.promise, ...endings])
    if (reason === 'ended') {
      console.error('The broker ended unexpectedly.')
      process.exitCode = 1
    }
  } catch (error) {
    process.exitCode = error instanceof StartError ? error.exitCode : 1
    if (error instanceof StartError) console.error(error.message)
    else if (error instanceof PortError) console.error(`${error.message} ${portAdvice}`)
    else console.error(error)
  } finally {
    for (const one of kept.toReversed()) await one.close()
  }
  process.exit()
}
