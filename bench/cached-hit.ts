import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { HttpRequest, InvocationContext } from '@azure/functions'
import { startBrokerProcess } from '../local/process/broker-process.ts'
import { demoUser } from '../local/demo/demo-tenant.ts'
import { startEmulators, type Emulators } from '../local/emulators.ts'
import '../local/server/loopback-names.ts'
import { compose } from '../src/composition.ts'
import { countingEvents } from '../src/functions/counted-events.ts'
import { createRequestTokenHandler } from '../src/functions/requesttoken.ts'
import { readSettings } from '../src/settings.ts'
import { loadOf, type HttpLoad } from './http-load.ts'

/** `npm run bench:cached-hit`: what a token from memory costs, over HTTP beside a bare server, and without HTTP. Takes half a minute. */
const rounds = 3
const roundInSeconds = 4
const warmUpInSeconds = 2
const loopInMs = 2000

const requestBody = JSON.stringify(demoUser)
const line = (what: string, figures: string): void => console.log(`${what.padEnd(46)} ${figures}`)
const middleOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** The round that is in the middle by requests per second. */
function middleRoundOf(loads: readonly HttpLoad[]): HttpLoad | undefined {
  const middle = middleOf(loads.map(({ requestsPerSecond }) => requestsPerSecond))
  return loads.find(({ requestsPerSecond }) => requestsPerSecond === middle)
}

const figuresOf = ({ requestsPerSecond, medianInMs, p99InMs }: HttpLoad): string =>
  `${Math.round(requestsPerSecond)} requests/s, median ${medianInMs} ms, 99 % within ${p99InMs} ms`

/** In turns, so that whatever else the machine does falls on both. */
async function compareOverHttp({ environment, entra }: Emulators): Promise<void> {
  const broker = await startBrokerProcess({ port: 0, environment, onLine: () => {} })
  const url = `${broker.url}/requesttoken`
  const headers = { 'Content-Type': 'application/json' }
  const first = await fetch(url, { method: 'POST', headers, body: requestBody })
  const sizeInBytes = (await first.arrayBuffer()).byteLength
  const bare = fork(fileURLToPath(new URL('./bare-server.ts', import.meta.url)), [String(sizeInBytes)])
  const [port] = (await once(bare, 'message')) as [number]
  const bareUrl = `http://localhost:${port}/`
  try {
    for (const each of [url, bareUrl]) await loadOf(each, requestBody, warmUpInSeconds)
    const loads: { readonly broker: HttpLoad; readonly bare: HttpLoad }[] = []
    for (let round = 0; round < rounds; round++) {
      loads.push({
        broker: await loadOf(url, requestBody, roundInSeconds),
        bare: await loadOf(bareUrl, requestBody, roundInSeconds),
      })
    }
    const ratios = loads.map((load) => load.broker.requestsPerSecond / load.bare.requestsPerSecond)
    const ofBroker = middleRoundOf(loads.map((load) => load.broker))
    const ofBare = middleRoundOf(loads.map((load) => load.bare))
    if (ofBroker) line('Cached hit over HTTP', figuresOf(ofBroker))
    if (ofBare) line(`Bare node:http server, ${sizeInBytes} bytes`, figuresOf(ofBare))
    const spread = ratios.map((ratio) => ratio.toFixed(2)).join(', ')
    line('Ratio, cached hit to bare server', `${middleOf(ratios).toFixed(2)} (rounds: ${spread})`)
    line('Requests that reached the identity provider', String(entra.calls.length))
  } finally {
    bare.disconnect()
    await broker.close()
  }
}

/** One call after the other. */
async function measureLoop(what: string, call: () => Promise<unknown>): Promise<void> {
  const run = async (durationInMs: number): Promise<number> => {
    const startTime = performance.now()
    let calls = 0
    while (performance.now() - startTime < durationInMs) {
      await call()
      calls += 1
    }
    return calls / (performance.now() - startTime)
  }
  await run(loopInMs / 4)
  const callsPerMs = await run(loopInMs)
  line(what, `${Math.round(callsPerMs * 1000)} calls/s, ${(1000 / callsPerMs).toFixed(1)} µs each`)
}

async function measureWithoutHttp({ environment, tls }: Emulators): Promise<void> {
  setDefaultCACertificates([...getCACertificates('default'), tls.caCertificatePem])
  Object.assign(process.env, environment)
  const { requestToken, activity } = compose(readSettings(environment), {
    now: () => Date.now(),
    elapsed: () => performance.now(),
  })
  const request = { ...demoUser, client: 'default', minValidInMs: 0, correlationId: 'bench' }
  await measureLoop('requestToken alone', () => requestToken.tokenSource(request))

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
  await measureLoop('The function: parse, requestToken, log, answer', async () => handler(http(), context))
}

const folder = await mkdtemp(join(tmpdir(), 'entra-token-broker-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const emulators = await startEmulators({ folder, portBase: 0 })
try {
  await compareOverHttp(emulators)
  await measureWithoutHttp(emulators)
} finally {
  await emulators.close()
}
process.exit()
