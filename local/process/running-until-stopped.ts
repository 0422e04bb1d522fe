import { PortError } from '../server/port-error.ts'

interface Startable {
  readonly close: () => Promise<void>
  /** Resolves when it ends of itself. */
  readonly ended?: Promise<unknown>
}

/** Within this time a second signal is the same Ctrl-C: the terminal sends one, and npm passes its own on. */
const doubleSignalInMs = 500

/**
 * Starts things one after the other, runs until Ctrl-C, SIGTERM or the end of one of them, and closes them in reverse order. A
 * second Ctrl-C does not wait. Sets the exit code: 0 when it was asked to stop, 1 otherwise.
 */
export async function runUntilStopped(
  start: (keep: <T extends Startable>(one: T) => T) => Promise<void>,
  portOption: string,
): Promise<void> {
  const kept: Startable[] = []
  const stopped = Promise.withResolvers<'asked'>()
  const onSignal = (): void => {
    stopped.resolve('asked')
    setTimeout(() => process.on('SIGINT', () => process.exit(130)), doubleSignalInMs).unref()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal)

  try {
    await Promise.race([start((one) => (kept.push(one), one)), stopped.promise])
    const endings = kept.flatMap(({ ended }) => (ended ? [ended.then(() => 'ended' as const)] : []))
    const reason = await Promise.race([stopped.promise, ...endings])
    if (reason === 'ended') {
      console.error('The broker ended unexpectedly.')
      process.exitCode = 1
    }
  } catch (error) {
    process.exitCode = 1
    if (error instanceof PortError) console.error(`${error.message} Choose another: ${portOption}`)
    else console.error(error)
  } finally {
    for (const one of kept.toReversed()) await one.close()
  }
  process.exit()
}
