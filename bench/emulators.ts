import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmulators, type Emulators } from '../local/emulators.ts'

/** Everything that the broker talks to, for as long as it is measured. */
export async function withEmulators<T>(measure: (emulators: Emulators) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'entra-token-broker-bench-'))
  const emulators = await startEmulators({ folder, portBase: 0, isStorageInMemory: true })
  try {
    return await measure(emulators)
  } finally {
    await emulators.close()
    await rm(folder, { recursive: true, force: true })
  }
}
