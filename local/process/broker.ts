import '../functions-host/functions-core-resolution.ts'
import '../server/loopback-names.ts'
import { startFunctionsHost, type FunctionsHost } from '../functions-host/functions-host.ts'
import { PortError, type PortErrorCode } from '../server/port-error.ts'

/**
 * The broker's own process: the app in the local Functions host, with the environment that a Functions worker would have. Its
 * parent is told when it listens, or why it cannot, and takes it along when it ends.
 */
const report = (message: BrokerReport): void => void process.send?.(message)

/** What the parent is told. */
export type BrokerReport =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'port'; readonly port: number; readonly code: PortErrorCode }

let host: FunctionsHost | undefined
const end = (): void => {
  // Nothing runs yet before it listens.
  if (!host) process.exit(0)
  void host.close().finally(() => process.exit(0))
}
process.once('disconnect', end).once('SIGTERM', end).once('SIGINT', end)
// The parent may have ended before this was listened for.
if (!process.connected) process.exit(0)

try {
  host = await startFunctionsHost({
    entry: () => import('../../src/index.ts'),
    port: Number(process.env['PORT'] ?? 7071),
  })
  // Only now is the port known; the app reads its settings at the first call.
  process.env['PUBLIC_URL'] ??= host.url
  report({ kind: 'ready', url: host.url })
} catch (error) {
  if (error instanceof PortError) report({ kind: 'port', port: error.port, code: error.code })
  else console.error(error)
  process.exitCode = 1
  process.off('disconnect', end)
  if (process.connected) process.disconnect()
}
