import { join } from 'node:path'
import { emulatorPortsFrom, startEmulators } from './emulators.ts'
import { emulatorsCommand, helpOf, localOptionsOf } from './process/command-line.ts'
import { openLocalFolder } from './process/local-folder.ts'
import { localSettingsOf } from './process/local-settings.ts'
import { runUntilStopped } from './process/running-until-stopped.ts'
import { startAzurite } from './storage/azurite.ts'

/** `npm run emulators`: the emulators alone, for `func start` in another terminal. */
await runUntilStopped(async (keep, finish) => {
  const options = localOptionsOf(emulatorsCommand, process.argv.slice(2), process.env)
  if (!options) return finish(helpOf(emulatorsCommand))
  const { emulatorPorts: portBase, folder } = options
  const localFolder = keep(openLocalFolder(folder))
  if (options.reset) console.log(localFolder.reset())
  const { environment } = keep(await startEmulators({ folder, portBase }))
  // The host's own storage, for the timer's lease: the host does not trust our certificate authority, so over plain HTTP.
  const hostStorage = keep(
    await startAzurite({
      folder: join(folder, 'azurite-host'),
      ports: portBase === 0 ? undefined : emulatorPortsFrom(portBase).hostStorage,
    }),
  )
  console.log('The emulators run. This is the local.settings.json for them:\n')
  console.log(JSON.stringify(localSettingsOf(environment, hostStorage), null, 2))
  console.log('\nCtrl-C ends everything.')
}, 'Choose others with npm run emulators -- --emulator-ports 11000.')
