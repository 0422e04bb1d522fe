import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startAzurite } from './storage/azurite.ts'
import { startEmulators } from './emulators.ts'
import { localSettingsOf } from './process/local-settings.ts'
import { runUntilStopped } from './process/running-until-stopped.ts'

/** `npm run emulators`: the emulators alone, for `func start` in another terminal. */
const { values } = parseArgs({
  options: {
    'emulator-ports': { type: 'string', default: '10000' },
    folder: { type: 'string', default: '.local' },
  },
})

await runUntilStopped(async (keep) => {
  const portBase = Number(values['emulator-ports'])
  const { environment } = keep(await startEmulators({ folder: values.folder, portBase }))
  // The host's own storage, for the timer's lease: the host does not trust our certificate authority, so over plain HTTP.
  const hostStorage = keep(
    await startAzurite({
      folder: join(values.folder, 'azurite-host'),
      ports: { blob: portBase + 20, queue: portBase + 21, table: portBase + 22 },
    }),
  )
  console.log('The emulators run. This is the local.settings.json for them:\n')
  console.log(JSON.stringify(localSettingsOf(environment, hostStorage), null, 2))
  console.log('\nCtrl-C ends everything.')
}, 'npm run emulators -- --emulator-ports 11000')
