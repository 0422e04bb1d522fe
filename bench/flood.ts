import { setTimeout } from 'node:timers/promises'
import { demoUser } from '../local/demo/demo-tenant.ts'
import type { Emulators } from '../local/emulators.ts'
import { startBrokerProcess } from '../local/process/broker-process.ts'
import type { User } from '../test/support/processes.ts'
import type { Row } from './benchmark.ts'
import { withEmulators } from './emulators.ts'
import { loadOf } from './http-load.ts'
import { medianBy, medianOf } from './median.ts'
import { timeInMs } from './time.ts'

export const about =
  'Cached hits of one user over ten connections, and first sign-ins of others, four a second; in turns without and with up to 100 wrong passwords a second over twenty more connections: half of them for the very user, each another one, half for users who do not exist. Flood, hits, emulators and broker share the cores, so a part of what is lost is the machine.'

const ROUNDS = 3
const ROUND_IN_SECONDS = 5
const FLOODERS = 20
/** Between two of a flooder. */
const FLOOD_PAUSE_IN_MS = 200
const SIGN_IN_EVERY_MS = 250
/** More than the broker's deadline: who is not answered by then never is. */
const PATIENCE_IN_MS = 30_000

interface Round {
  readonly hitsPerSecond: number
  readonly hitsP99InMs: number
  readonly signInInMs: number
}

export const run = (): Promise<readonly Row[]> => withEmulators(measure)

async function measure({ environment, entra }: Emulators): Promise<readonly Row[]> {
  const broker = await startBrokerProcess({ port: 0, environment, onLine: () => {} })
  const url = `${broker.url}/requesttoken`
  let users = 0

  async function statusOf(user: User): Promise<number> {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(user),
      signal: AbortSignal.timeout(PATIENCE_IN_MS),
    })
    await response.arrayBuffer()
    return response.status
  }

  async function signInOther(): Promise<void> {
    const user = { username: `other${++users}@contoso.example`, password: 'Right-Password-1' }
    entra.setUser(user)
    const status = await statusOf(user)
    if (status !== 200) throw new Error(`a first sign-in was answered ${status}`)
  }

  async function round(isFlooded: boolean): Promise<Round> {
    const over = new AbortController()
    const floods = Array.from({ length: isFlooded ? FLOODERS : 0 }, (_, flooder) =>
      flood(flooder, over.signal),
    )
    const signIns = signInOthers(over.signal)
    const load = await loadOf(url, JSON.stringify(demoUser), ROUND_IN_SECONDS)
    over.abort()
    await Promise.all(floods)
    return {
      hitsPerSecond: load.requestsPerSecond,
      hitsP99InMs: load.p99InMs,
      signInInMs: medianOf(await signIns),
    }
  }

  async function flood(flooder: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const password = `wrong ${++wrong}`
      const username = flooder % 2 === 0 ? demoUser.username : `nobody${wrong}@contoso.example`
      const status = await statusOf({ username, password })
      if (status === 200) throw new Error('a wrong password was answered 200')
      await setTimeout(FLOOD_PAUSE_IN_MS)
    }
  }

  async function signInOthers(signal: AbortSignal): Promise<number[]> {
    const times: number[] = []
    while (!signal.aborted) {
      times.push(await timeInMs(signInOther))
      await setTimeout(SIGN_IN_EVERY_MS)
    }
    return times
  }

  let wrong = 0
  try {
    await statusOf(demoUser)
    await loadOf(url, JSON.stringify(demoUser), 2)
    const rounds: { readonly calm: Round; readonly flooded: Round }[] = []
    for (let number = 0; number < ROUNDS; number++) {
      rounds.push({ calm: await round(false), flooded: await round(true) })
    }
    const perSecond = Math.round(wrong / ROUNDS / ROUND_IN_SECONDS)
    const rowOf = (what: string, of: keyof Round, unit: string): Row => {
      const { calm, flooded } = medianBy(rounds, (each) => each.flooded[of] / each.calm[of])
      return {
        what: `${what} beside ${perSecond} wrong passwords a second`,
        figure: { value: flooded[of], unit },
        baseline: { value: calm[of], unit, what: 'without the flood' },
      }
    }
    return [
      rowOf('Cached hits', 'hitsPerSecond', 'requests/s'),
      rowOf('Time of 99 % of cached hits', 'hitsP99InMs', 'ms'),
      rowOf('Time of first sign-ins of others', 'signInInMs', 'ms'),
    ]
  } finally {
    await broker.close()
  }
}
