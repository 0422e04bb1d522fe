import { parseArgs } from 'node:util'
import { settingNames } from '../src/settings.ts'
import { startBrokerProcess } from './process/broker-process.ts'
import { demoUser, startEmulators } from './emulators.ts'
import { runUntilStopped } from './process/running-until-stopped.ts'

/** `npm start`: the emulators, and the broker on top of them. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7071' },
    'emulator-ports': { type: 'string', default: '10000' },
    folder: { type: 'string', default: '.local' },
  },
})

/** App settings of the developer's own environment, e.g. `REFRESH_THRESHOLD=300 npm start`. */
const overrides = Object.fromEntries(
  [...settingNames, 'REFRESH_SCHEDULE'].flatMap((name) => {
    const value = process.env[name]
    return value ? [[name, value] as const] : []
  }),
)

function banner(url: string, folder: string): string {
  return `
The broker listens on ${url}. Everything it needs runs on this machine and is kept in ${folder}/.
Get a token (the second time it comes from the cache):

  curl -s ${url}/requesttoken -H 'Content-Type: application/json' -d '${JSON.stringify(demoUser)}'

Ctrl-C ends everything.
`
}

await runUntilStopped(async (keep) => {
  const { folder } = values
  const emulators = keep(await startEmulators({ folder, portBase: Number(values['emulator-ports']) }))
  const broker = keep(
    await startBrokerProcess({
      port: Number(values.port),
      environment: { ...emulators.environment, ...overrides },
      onLine: (line) => console.log(line),
    }),
  )
  console.log(banner(broker.url, folder))
}, 'npm start -- --port 7072, or --emulator-ports 11000 for the first of the emulators.')
