import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { startEmulators } from '../local/emulators.ts'
import { startBrokerProcess } from '../local/process/broker-process.ts'
import { createRandom } from '../test/support/random.ts'
import { startStorageGateway } from '../test/support/storage-gateway.ts'
import { createFaults } from './faults.ts'
import { growthOf, type Look } from './growth.ts'
import { createTraffic, USERS } from './traffic.ts'

const CALLERS = 8
const REPORT_EVERY_MS = 60_000
/** Who waits for what hangs does not wait for most of the time that there is. */
const SHORT_LIMITS = { IDENTITY_PROVIDER_TIMEOUT: '2', STORAGE_TIMEOUT: '1', REQUEST_DEADLINE: '4' }
/** The whole life of a token, so that many are refreshed and some expire. */
const TOKEN_LIFE_IN_SECONDS = 40
/** Connections that are done are closed by then. */
const REST_IN_MS = 500

export interface Soak {
  /** How often each path was answered with which status. */
  readonly counts: Readonly<Record<string, number>>
  /** Answers outside the contract. */
  readonly violations: readonly string[]
  /** What the process holds more of. */
  readonly growth: readonly string[]
  readonly looks: readonly Look[]
}

/** Mixed traffic against the local broker process while its dependencies fail by turns. */
export async function runSoak(options: {
  readonly durationInMs: number
  readonly seed: number
  /** How often all is quiet for a moment, and what the process holds is noted. */
  readonly looks: number
  /** Is told once a minute. */
  readonly onLook: (text: string) => void
}): Promise<Soak> {
  const { durationInMs, seed, onLook } = options
  const random = createRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'broker-soak-'))
  const emulators = await startEmulators({ folder, portBase: 0, isStorageInMemory: true })
  const { entra, azurite, environment } = emulators
  const gateway = await startStorageGateway(emulators.tls, azurite.tableServiceUrl)
  entra.accessTokenLifetimeInSeconds = TOKEN_LIFE_IN_SECONDS
  entra.setUser(...USERS)
  const lines = new EventEmitter<{ look: [Look] }>()
  const broker = await startBrokerProcess({
    port: 0,
    environment: {
      ...environment,
      TABLE_SERVICE_URL: gateway.url,
      REFRESH_SCHEDULE: '*/10 * * * * *',
      ...SHORT_LIMITS,
      NODE_OPTIONS: `--expose-gc --import=${pathToFileURL(join(import.meta.dirname, 'look.ts')).href}`,
    },
    onLine: (line) => {
      if (line.startsWith('{"event":"look"')) lines.emit('look', JSON.parse(line) as Look)
    },
  })
  const ended = broker.ended.then((code): never => {
    throw new Error(`the broker has ended (${code})`)
  })
  // Nobody may be looking when it is closed.
  ended.catch(() => {})
  const faults = createFaults({ ...emulators, gateway }, random)
  const traffic = createTraffic(broker.url, random)
  const looks: Look[] = []

  async function look(): Promise<Look> {
    faults.clear()
    await setTimeout(REST_IN_MS)
    const looked = once(lines, 'look') as Promise<[Look]>
    process.kill(broker.pid, 'SIGUSR2')
    const [seen] = await Promise.race([looked, ended])
    looks.push(seen)
    return seen
  }

  try {
    const startTime = performance.now()
    let reportTime = startTime + REPORT_EVERY_MS
    for (let number = 1; number <= options.looks; number++) {
      const untilTime = startTime + (durationInMs * number) / options.looks
      const over = AbortSignal.timeout(Math.max(1, Math.round(untilTime - performance.now())))
      const fault = faults.next()
      await traffic.ask(CALLERS, over)
      const seen = await look()
      if (performance.now() < reportTime && number < options.looks) continue
      reportTime += REPORT_EVERY_MS
      onLook(textOf((performance.now() - startTime) / 1000, seen, fault, traffic.counts))
    }
  } finally {
    await broker.close()
    await gateway.close()
    await emulators.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { counts: traffic.counts, violations: [...traffic.violations], growth: growthOf(looks), looks }
}

function textOf(
  timeInSeconds: number,
  { memoryInMiB, rssInMiB, handles, sockets }: Look,
  fault: string,
  counts: Readonly<Record<string, number>>,
): string {
  const byStatus: Record<string, number> = {}
  for (const [what, count] of Object.entries(counts)) {
    const status = /\d+$/.exec(what)?.[0] ?? 'none'
    byStatus[status] = (byStatus[status] ?? 0) + count
  }
  const answers = Object.entries(byStatus).map(([status, count]) => `${status} × ${count}`)
  return `${timeInSeconds.toFixed(0).padStart(4)} s  memory ${memoryInMiB.toFixed(1)} MiB, rss ${rssInMiB.toFixed(0)} MiB, ${handles} handles, ${sockets} sockets; answers ${answers.join(', ')}; last fault: ${fault}`
}
