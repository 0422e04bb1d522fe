import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { demoUser } from '../local/demo/demo-tenant.ts'
import { startProcesses, type BrokerChild, type Processes } from '../test/support/processes.ts'
import { seedDirectory, seedEntries } from '../test/support/due-entries.ts'
import type { BenchmarkOptions, Row } from './benchmark.ts'
import { timeInMs } from './time.ts'

export const about =
  'How many due entries a second are refreshed: by the timer alone, or spread over the queue with some worker processes. All come due at once. Azurite is in memory, the Entra emulator in this process, and all of them share this machine. `npm run bench -- sweep --entries 100000 --runs 1,2 --latency 300` says how many entries there are, who refreshes them, and after how many milliseconds the emulator answers. [scale.md](scale.md) has what larger runs have shown.'

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
  readonly perSecond: number
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
  { processes, entries }: { readonly processes: Processes; readonly entries: number },
  name: string,
  timer: BrokerChild,
  workers: readonly BrokerChild[],
): Promise<Run> {
  const countsOf = createCounter([timer, ...workers])
  countsOf()
  processes.entra.calls.length = 0
  await processes.advance(UNTIL_DUE_IN_SECONDS)
  const tickInMs = await timeInMs(() => timer.tick())
  const workInMs = await timeInMs(() => Promise.all(workers.map((worker) => worker.drain())))
  const sweepInMs = workers.length > 0 ? workInMs : tickInMs
  const { refreshed, ...others } = countsOf()
  // What was not refreshed, by cause, is the next tick's work.
  const left = refreshed === entries + 1 ? '' : `; ${refreshed} refreshed, ${JSON.stringify(others)}`
  console.log(
    `${name}: ${(sweepInMs / 1000).toFixed(1)} s; the tick took ${(tickInMs / 1000).toFixed(1)} s${left}`,
  )
  return { name, perSecond: (refreshed / sweepInMs) * 1000 }
}

export async function run({ entries, runs, latencyInMs }: BenchmarkOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-bench-'))
  const directory = await seedDirectory(folder, entries)
  const processes = await startProcesses({ folder, isStorageInMemory: true, settings: LIMITS })
  try {
    const workers = await Promise.all([processes.start(), processes.start()])
    const alone = await processes.start({ REFRESH_FANOUT_ABOVE: '10000000' })
    const timer = await processes.start({ REFRESH_FANOUT_ABOVE: '1' })
    await timer.requestToken(demoUser)
    await seedEntries(processes, directory)
    console.log(
      `${entries} entries stored (process ids: this ${process.pid}, Azurite ${processes.azurite.pid})`,
    )
    if (latencyInMs > 0) {
      processes.entra.fault = {
        kind: 'hold',
        get until() {
          return setTimeout(latencyInMs)
        },
      }
    }
    const done: Run[] = []
    for (const name of runs) {
      done.push(
        name === 'timer'
          ? await sweepOnce({ processes, entries }, 'the timer alone', alone, [])
          : await sweepOnce(
              { processes, entries },
              name === '1' ? 'one worker' : `${name} workers`,
              timer,
              workers.slice(0, Number(name)),
            ),
      )
    }
    const [first] = done
    return done.map(({ name, perSecond }) => ({
      what: `Sweep of ${entries.toLocaleString('en-US')} due entries, ${name}`,
      figure: { value: perSecond, unit: 'entries/s' },
      baseline: { value: first?.perSecond ?? 0, unit: 'entries/s', what: first?.name ?? '' },
    }))
  } finally {
    await processes.close()
  }
}
