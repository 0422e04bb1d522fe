import '../local/functions-host/functions-core-resolution.ts'
import '../local/server/loopback-names.ts'
import { createRequire } from 'node:module'
import { startFunctionsHost } from '../local/functions-host/functions-host.ts'

/** A child process that loads the bundle named by its argument as the Functions worker does, and tells how long that took. */
export interface ColdStart {
  readonly url: string
  /** Loading and registering. */
  readonly loadInMs: number
}

const [bundle = ''] = process.argv.slice(2)
let loadInMs = 0
const host = await startFunctionsHost({
  entry: async () => {
    const startTime = performance.now()
    createRequire(import.meta.url)(bundle)
    loadInMs = performance.now() - startTime
  },
  timers: false,
})
process.once('disconnect', () => process.exit(0))
const coldStart: ColdStart = { url: host.url, loadInMs }
process.send?.(coldStart)
