import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { startAzurite } from '../../local/storage/azurite.ts'
import { startEmulators } from '../../local/emulators.ts'
import { localSettingsOf } from '../../local/process/local-settings.ts'
import { readSettings } from '../../src/settings.ts'

test('the sample of local.settings.json fits what the emulators need, but for ports and folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'settings-test-'))
  const [emulators, hostStorage] = await Promise.all([
    startEmulators({ folder, portBase: 0 }),
    startAzurite(),
  ])
  const masked = (settings: unknown) =>
    JSON.parse(JSON.stringify(settings).replaceAll(/(localhost|127\.0\.0\.1):\d+/g, '$1:0')) as {
      Values: Record<string, string>
    }
  try {
    const sample = JSON.parse(await readFile('local.settings.sample.json', 'utf8')) as ReturnType<
      typeof masked
    >
    const needed = masked(localSettingsOf(emulators.environment, hostStorage))
    needed.Values['NODE_EXTRA_CA_CERTS'] = '.local/tls/ca.pem'
    expect(masked(sample)).toEqual(needed)
    expect(() => readSettings(sample.Values)).not.toThrow()
  } finally {
    await Promise.all([emulators.close(), hostStorage.close()])
    await rm(folder, { recursive: true })
  }
})
