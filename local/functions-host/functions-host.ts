import { claimRegistry } from './functions-core.ts'
import type { LogLevel, RegisteredFunction } from './functions-core-types.ts'
import { createHttpOverProxy, startHttpProxy } from './http-over-proxy.ts'
import { createHttpOverRpc } from './http-over-rpc.ts'
import { createHttpRoutes } from './http-routes.ts'
import { createInvoker, triggerOf, type InvokeFunction } from './invocation.ts'
import { startQueues } from './queue-triggers.ts'
import { startTimers } from './timer-triggers.ts'
import { startStreamingServer } from '../server/loopback-server.ts'

export interface FunctionsHost {
  /** `http://localhost:<port>` */
  readonly url: string
  readonly port: number
  /** The registered functions' names, sorted. */
  readonly functions: readonly string[]
  /** Runs a timer-triggered function now. @throws what it throws. */
  readonly invokeTimer: (name: string) => Promise<void>
  /** Runs a queue-triggered function for every message that waits. @returns how many there were. */
  readonly drainQueue: (name: string) => Promise<number>
  /** Stops timers and queues, waits for what runs, 10 s at most, and frees the port. */
  readonly close: () => Promise<void>
}

const graceInMs = 10_000
const hiddenLevels: ReadonlySet<LogLevel> = new Set(['trace', 'debug', 'none'])

/**
 * The Functions host for one app, in this process: HTTP, timer and queue triggers, and `POST /admin/functions/{name}` for
 * timers, through `@azure/functions`' own conversions. Bodies are streamed when the app has asked for it (`enableHttpStream`).
 * A second host in the same process needs an app that is loaded anew. `@azure/functions-core` must resolve to
 * `functions-core.ts` before `entry` imports the app.
 *
 * @throws {PortError}
 */
export async function startFunctionsHost(options: {
  /** Imports the app. */
  readonly entry: () => Promise<unknown>
  /** Resolves the `%NAMES%` in schedules. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** Default 0: a free one. */
  readonly port?: number | undefined
  readonly hostname?: string | undefined
  /** Whether timers run by their schedule, and queues are looked at each second. Default true. */
  readonly timers?: boolean | undefined
  /** One log message of level information or above. Default: to stdout. */
  readonly onLog?: ((line: string, level: LogLevel) => void) | undefined
}): Promise<FunctionsHost> {
  const {
    entry,
    environment = process.env,
    port,
    hostname,
    onLog = (line: string) => console.log(line),
  } = options
  const registry = claimRegistry()
  registry.logTo = ({ level, category, message }) => {
    if (category === 'customMetric' || hiddenLevels.has(level)) return
    if (category === 'user' || level !== 'information') onLog(message, level)
  }
  await entry()

  // What is open: closed in reverse, also when the start breaks off. An open proxy would keep the process alive for ever.
  await using opened = new AsyncDisposableStack()
  const proxy = opened.adopt(await startHttpProxy(registry.getProgrammingModel()), (one) => one.close())

  const running = new Set<Promise<unknown>>()
  const invokeModel = createInvoker(registry)
  const invoke: InvokeFunction = async (registered, invocation) => {
    const run = invokeModel(registered, invocation)
    running.add(run)
    try {
      return await run
    } catch (error) {
      onLog(`Executed 'Functions.${registered.metadata.name}' (Failed): ${String(error)}`, 'error')
      throw error
    } finally {
      running.delete(run)
    }
  }

  const all = [...registry.functions.values()]
  const withTrigger = (type: string): RegisteredFunction[] =>
    all.filter((one) => triggerOf(one).type === type)
  const overProxy = proxy.httpUri === undefined ? undefined : createHttpOverProxy(proxy.httpUri, invoke)
  opened.defer(() => overProxy?.close())
  const serveHttpTriggers = createHttpRoutes(
    withTrigger('httptrigger'),
    overProxy?.answer ?? createHttpOverRpc(invoke),
  )

  const server = await startStreamingServer({
    port,
    hostname,
    handle: async (request, response) => {
      const [, name] = /^\/admin\/functions\/([^/?]+)/.exec(request.url ?? '') ?? []
      if (name === undefined) {
        await serveHttpTriggers(request, response)
        return
      }
      request.resume()
      const isTimer = withTrigger('timertrigger').some(({ metadata }) => metadata.name === name)
      response.writeHead(isTimer && request.method === 'POST' ? 202 : 404).end()
      if (isTimer && request.method === 'POST') await invokeTimer(name).catch(() => {})
    },
  })
  opened.defer(() => server.stop())
  opened.defer(async () => {
    const deadline = new Promise((resolve) => setTimeout(resolve, graceInMs).unref())
    await Promise.race([Promise.allSettled(running), deadline])
  })
  const isPolling = options.timers ?? true
  const timers = opened.adopt(
    startTimers(withTrigger('timertrigger'), environment, invoke, { isScheduled: isPolling }),
    (one) => one.stop(),
  )
  const queues = opened.adopt(
    startQueues(withTrigger('queuetrigger'), environment, invoke, { isPolling }),
    (one) => one.stop(),
  )

  const named = (name: string): RegisteredFunction => {
    const registered = registry.functions.get(name)
    if (!registered) throw new RangeError(`There is no function ${name}`)
    return registered
  }
  const invokeTimer = async (name: string): Promise<void> => await timers.invoke(named(name))

  const close = opened.move()
  return {
    url: `http://localhost:${server.port}`,
    port: server.port,
    functions: [...registry.functions.keys()].toSorted(),
    invokeTimer,
    drainQueue: async (name) => await queues.drain(named(name)),
    close: () => close.disposeAsync(),
  }
}
