import '../local/functions-host/functions-core-resolution.ts'
import { startFunctionsHost } from '../local/functions-host/functions-host.ts'

/** A child process: the local Functions host with a function that does nothing. Tells its parent where, and ends with it. */
const host = await startFunctionsHost({ entry: () => import('./no-op-app.ts'), timers: false })
process.once('disconnect', () => process.exit(0))
process.send?.(host.url)
