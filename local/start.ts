import { settingNames } from '../src/settings.ts'
import { startEmulators } from './emulators.ts'
import { bannerOf } from './banner.ts'
import { readyConnection } from './demo/demo-connection.ts'
import { startBrokerProcess } from './process/broker-process.ts'
import { helpOf, localOptionsOf, startCommand } from './process/command-line.ts'
import { openLocalFolder } from './process/local-folder.ts'
import { readableLineOf } from './process/log-line.ts'
import { runUntilStopped } from './process/running-until-stopped.ts'

/** `npm start`: the emulators, and the broker on top of them. */

/** App settings of the developer's own environment, e.g. `REFRESH_THRESHOLD=300 npm start`. */
const overrides = Object.fromEntries(
  [...settingNames, 'REFRESH_SCHEDULE'].flatMap((name) => {
    const value = process.env[name]
    return value ? [[name, value] as const] : []
  }),
)

await runUntilStopped(async (keep, finish) => {
  const options = localOptionsOf(startCommand, process.argv.slice(2), process.env)
  if (!options) return finish(helpOf(startCommand))
  const { port, emulatorPorts, folder, json } = options
  const localFolder = keep(openLocalFolder(folder))
  if (options.reset) console.log(localFolder.reset())
  const emulators = keep(await startEmulators({ folder, portBase: emulatorPorts }))
  const broker = keep(
    await startBrokerProcess({
      port,
      environment: { ...emulators.environment, ...overrides },
      onLine: (line) => console.log(json ? line : readableLineOf(line, Date.now())),
    }),
  )
  console.log(bannerOf(broker.url, folder, await readyConnection(broker.url).catch(() => undefined)))
}, 'Choose another with npm start -- --port 7072; the emulators move along, or by --emulator-ports.')
