import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { demoUser } from '../local/demo/demo-tenant.ts'
import { startProcesses, type BrokerChild, type Processes } from '../test/support/processes.ts'
import { seedDirectory, seedEntries } from '../test/support/due-entries.ts'

/**
 * `npm run bench:sweep`: how many due entries a second are refreshed, by the timer alone, and spread over the queue with one and
 * with two worker processes. Azurite is in memory, the Entra emulator in this process, and all of them share this machine.
 */
const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    /** Each `timer`, or a number of workers. */
    runs: { type: 'string', default: '1,2' },
    /** What the emulator waits before it answers, milliseconds; Entra ID takes about as long. */
    latency: { type: 'string', default: '300' },
  },
})
const entries = Number(values.entries)
const latencyInMs = Number(values.latency)
/** From one sweep to the moment when everything is due again: the token's life less the threshold. */
const UNTIL_DUE_IN_SECONDS = 3599 - 600 + 1
/** The machine is busier than any instance will be: no time limit may decide what is measured. */
const LIMITS = { STORAGE_TIMEOUT: '30', IDENTITY_PROVIDER_TIMEOUT: '60' }

interface Counts {
  readonly refreshed: number
  readonly passed: number
  readonly failed: Readonly<Record<string, number>>
}

interface Run {
  readonly name: string
  /** What was not refreshed, by cause: the next tick's work. */
  readonly notRefreshed: string
  readonly tickInSeconds: number
  readonly sweepInSeconds: number
  readonly perSecond: number
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startTime = performance.now()
  await work()
  return (performance.now() - startTime) / 1000
}

/** What the sweeps of these processes counted since the last look, by their log lines. */
function createCounter(brokers: readonly BrokerChild[]): () => Counts {
  const seen = new Map<BrokerChild, number>()
  return () => {
    let refreshed = 0
    let passed = 0
    const failed: Record<string, number> = {}
    for (const broker of brokers) {
      for (const line of broker.lines.slice(seen.get(broker) ?? 0)) {
        if (!/"event":"refresh_(sweep|chunk)"/.test(line)) continue
        const counts = JSON.parse(line) as Counts
        refreshed += counts.refreshed
        passed += counts.passed
        for (const [cause, count] of Object.entries(counts.failed)) {
          failed[cause] = (failed[cause] ?? 0) + count
        }
      }
      seen.set(broker, broker.lines.length)
    }
    return { refreshed, passed, failed }
  }
}

async function sweepOnce(
  processes: Processes,
  name: string,
  timer: BrokerChild,
  workers: BrokerChild[],
): Promise<Run> {
  const countsOf = createCounter([timer, ...workers])
  countsOf()
  processes.entra.calls.length = 0
  await processes.advance(UNTIL_DUE_IN_SECONDS)
  const tickInSeconds = await timed(() => timer.tick())
  const workInSeconds = await timed(() => Promise.all(workers.map((worker) => worker.drain())))
  const sweepInSeconds = workers.length > 0 ? workInSeconds : tickInSeconds
  const { refreshed, ...others } = countsOf()
  return {
    name,
    tickInSeconds,
    sweepInSeconds,
    perSecond: refreshed / sweepInSeconds,
    notRefreshed: refreshed === entries + 1 ? '' : `; ${refreshed} refreshed, ${JSON.stringify(others)}`,
  }
}

const folder = await mkdtemp(join(tmpdir(), 'broker-bench-'))
const directory = await seedDirectory(folder, entries)
const processes = await startProcesses({ folder, isStorageInMemory: true, settings: LIMITS })
try {
  const workers = await Promise.all([processes.start(), processes.start()])
  const alone = await processes.start({ REFRESH_FANOUT_ABOVE: '10000000' })
  const timer = await processes.start({ REFRESH_FANOUT_ABOVE: '1' })
  await timer.requestToken(demoUser)
  const seedInSeconds = await timed(() => seedEntries(processes, directory))
  console.log(
    `${entries} entries stored in ${seedInSeconds.toFixed(1)} s (process ids: this ${process.pid}, Azurite ${processes.azuritePid})`,
  )
  if (latencyInMs > 0) {
    processes.entra.fault = {
      kind: 'hold',
      get until() {
        return setTimeout(latencyInMs)
      },
    }
  }
  const runs: Run[] = []
  for (const name of values.runs.split(',')) {
    const run =
      name === 'timer'
        ? await sweepOnce(processes, 'timer alone', alone, [])
        : await sweepOnce(processes, `${name} worker(s)`, timer, workers.slice(0, Number(name)))
    runs.push(run)
    console.log(
      `${run.name}: ${run.sweepInSeconds.toFixed(1)} s, ${run.perSecond.toFixed(0)} entries/s; the tick took ${run.tickInSeconds.toFixed(1)} s${run.notRefreshed}`,
    )
  }
  const [first, ...others] = runs
  for (const other of others) {
    const ratio = other.perSecond / (first?.perSecond ?? 0)
    console.log(`${other.name} : ${first?.name} = ${ratio.toFixed(2)}`)
  }
} finally {
  await processes.close()
}
