import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HttpRequest, InvocationContext } from '@azure/functions'
import { startBrokerProcess } from '../local/process/broker-process.ts'
import { minimalEnvironment } from '../local/process/child-process.ts'
import { demoUser } from '../local/demo/demo-tenant.ts'
import type { Emulators } from '../local/emulators.ts'
import { compose } from '../src/composition.ts'
import { countingEvents } from '../src/functions/counted-events.ts'
import { createRequestTokenHandler } from '../src/functions/requesttoken.ts'
import { readSettings } from '../src/settings.ts'
import { trust } from '../test/support/trust.ts'
import type { Row } from './benchmark.ts'
import { withEmulators } from './emulators.ts'
import { loadOf } from './http-load.ts'
import { medianBy } from './median.ts'

export const about =
  'A token from memory, asked for over HTTP by ten connections, in turns with a function that does nothing in the same host (it parses the request, writes one line and answers the same bytes, streamed as well) and with a bare node:http server. Without HTTP: the whole function, one call after the other, beside the token source in it.'

const ROUNDS = 3
const ROUND_IN_SECONDS = 4
const WARM_UP_IN_SECONDS = 2
const LOOP_IN_MS = 2000

const requestBody = JSON.stringify(demoUser)

export const run = (): Promise<readonly Row[]> =>
  withEmulators(async (emulators) => [
    ...(await rowsOverHttp(emulators)),
    ...(await rowsWithoutHttp(emulators)),
  ])

/** In turns, so that whatever else the machine does falls on all. */
async function rowsOverHttp({ environment, entra }: Emulators): Promise<readonly Row[]> {
  const broker = await startBrokerProcess({ port: 0, environment, onLine: () => {} })
  const url = `${broker.url}/requesttoken`
  const headers = { 'Content-Type': 'application/json' }
  const first = await fetch(url, { method: 'POST', headers, body: requestBody })
  const answer = await first.text()
  const noOp = await startNoOp(answer)
  const bare = await startBare(Buffer.byteLength(answer))
  const urls = { broker: url, noOp: `${noOp.url}/requesttoken`, bare: bare.url }
  try {
    for (const each of Object.values(urls)) await loadOf(each, requestBody, WARM_UP_IN_SECONDS)
    const rounds: Record<keyof typeof urls, number>[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const perSecondOf = async (each: string) =>
        (await loadOf(each, requestBody, ROUND_IN_SECONDS)).requestsPerSecond
      rounds.push({
        broker: await perSecondOf(urls.broker),
        noOp: await perSecondOf(urls.noOp),
        bare: await perSecondOf(urls.bare),
      })
    }
    if (entra.calls.length !== 1) throw new Error(`Entra ID was asked ${entra.calls.length} times`)
    const rowBeside = (baseline: 'noOp' | 'bare', what: string) => {
      const round = medianBy(rounds, (each) => each.broker / each[baseline])
      return {
        what: 'Cached hit over HTTP',
        figure: { value: round.broker, unit: 'requests/s' },
        baseline: { value: round[baseline], unit: 'requests/s', what },
      }
    }
    return [
      {
        ...rowBeside('noOp', 'a function that does nothing, same host'),
        goal: {
          bound: 'at least',
          ratio: 0.85,
          ifMissed:
            'The fields of each request are checked by a schema, and its token is found by keyed digests of user and password, so that a wrong password finds none. The row without HTTP says what all of that takes.',
        },
      },
      rowBeside('bare', 'a bare node:http server'),
    ]
  } finally {
    noOp.end()
    bare.end()
    await broker.close()
  }
}

interface Server {
  readonly url: string
  readonly end: () => void
}

async function startNoOp(answer: string): Promise<Server> {
  const child = fork(fileURLToPath(new URL('./no-op-host.ts', import.meta.url)), [], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: [],
    env: { ...minimalEnvironment(process.env), NO_OP_ANSWER: answer, FUNCTIONS_WORKER_RUNTIME: 'node' },
  })
  // As the broker's lines are read.
  if (child.stdout) createInterface(child.stdout).on('line', () => {})
  return { url: await reportOf<string>(child), end: () => child.disconnect() }
}

async function startBare(sizeInBytes: number): Promise<Server> {
  const child = fork(fileURLToPath(new URL('./bare-server.ts', import.meta.url)), [String(sizeInBytes)], {
    execArgv: [],
  })
  return { url: `http://localhost:${await reportOf<number>(child)}/`, end: () => child.disconnect() }
}

async function reportOf<T>(child: ChildProcess): Promise<T> {
  const [report] = (await once(child, 'message')) as [T]
  return report
}

async function rowsWithoutHttp({ environment, tls }: Emulators): Promise<readonly Row[]> {
  trust(tls)
  Object.assign(process.env, environment)
  const { requestToken, activity, connections } = compose(readSettings(environment), {
    now: () => Date.now(),
    elapsed: () => performance.now(),
  })
  const request = { ...demoUser, client: 'default', minValidInMs: 0, correlationId: 'bench' }
  const source = await timePerCall(() => requestToken.tokenSource(request))

  const handler = createRequestTokenHandler(
    () => requestToken,
    countingEvents(() => activity),
  )
  const context = new InvocationContext({ functionName: 'requesttoken', logHandler: () => {} })
  const http = (): HttpRequest =>
    new HttpRequest({
      method: 'POST',
      url: 'http://localhost/requesttoken',
      headers: { 'Content-Type': 'application/json' },
      body: { string: requestBody },
    })
  const whole = await timePerCall(async () => handler(http(), context))
  const wish = { name: 'bench', client: 'confidential', grant: 'client_credentials' as const }
  const { secret = '' } = await connections.connections.make(wish, 'bench')
  const ofConnection = { username: 'bench', password: secret, minValidInMs: 0, correlationId: 'bench' }
  const byConnection = await timePerCall(() => requestToken.tokenSource(ofConnection))
  return [
    {
      what: 'Cached hit without HTTP',
      figure: { value: whole, unit: 'µs' },
      baseline: { value: source, unit: 'µs', what: 'the token source in it' },
    },
    {
      what: 'Cached hit of a connection, the token source alone',
      figure: { value: byConnection, unit: 'µs' },
      baseline: { value: source, unit: 'µs', what: 'a user’s' },
      goal: { bound: 'at most', ratio: 1.25, ifMissed: 'The secret is a part of what it is remembered by.' },
    },
  ]
}

/** One call after the other. @returns microseconds. */
async function timePerCall(call: () => Promise<unknown>): Promise<number> {
  const runFor = async (durationInMs: number): Promise<number> => {
    const startTime = performance.now()
    let calls = 0
    while (performance.now() - startTime < durationInMs) {
      await call()
      calls += 1
    }
    return ((performance.now() - startTime) * 1000) / calls
  }
  await runFor(LOOP_IN_MS / 4)
  return runFor(LOOP_IN_MS)
}
