import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BrokerReport } from './broker.ts'
import { endChildProcess, minimalEnvironment } from './child-process.ts'
import { PortError } from '../server/port-error.ts'

export interface BrokerProcess {
  readonly url: string
  readonly pid: number
  /** Resolves with the exit code, or the signal's name, when the process ends of itself or by `close`. */
  readonly ended: Promise<number | string>
  /** Lets running requests finish, and resolves when the process is gone. */
  readonly close: () => Promise<void>
}

const startLimitInMs = 30_000

/**
 * Runs the broker in a process of its own, which ends with this one. Takes about half a second.
 *
 * @throws {PortError}
 */
export async function startBrokerProcess(options: {
  readonly port: number
  /** App settings, and what the process needs to reach the emulators. */
  readonly environment: Readonly<Record<string, string>>
  readonly onLine: (line: string) => void
}): Promise<BrokerProcess> {
  const { port, environment, onLine } = options
  const child = fork(fileURLToPath(new URL('./broker.ts', import.meta.url)), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In a process group of its own: Ctrl-C reaches the parent alone, which ends it in good order.
    detached: true,
    execArgv: [],
    env: {
      ...minimalEnvironment(process.env),
      ...environment,
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
      PORT: String(port),
    },
  })
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', onLine)
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  const timer = setTimeout(() => child.kill('SIGKILL'), startLimitInMs)
  const report = await Promise.race([
    once(child, 'message').then(([message]) => message as BrokerReport),
    ended.then((code) => {
      throw new Error(`The broker ended before it was ready (${code}); see its messages above.`)
    }),
  ]).finally(() => clearTimeout(timer))
  if (report.kind === 'port') {
    await ended
    throw new PortError(report.port, report.code)
  }
  return { url: report.url, pid: child.pid ?? 0, ended, close: () => endChildProcess(child) }
}
