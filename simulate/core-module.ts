import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

type Composition = typeof import('../src/core-composition.ts')
type Failures = typeof import('../src/core/provider/provider-failure.ts')
type Errors = typeof import('../src/core/broker-error.ts')

/** The core, and the classes that its ports must throw: those of the same copy of it. */
export type CoreModule = Pick<Composition, 'composeCore'> &
  Pick<Failures, 'IdentityProviderError'> &
  Pick<Errors, 'BrokerError'>

/** The project's own, or a copy of it that was changed. */
export async function importCore(sourceFolder: string): Promise<CoreModule> {
  const urlOf = (path: string) => pathToFileURL(join(sourceFolder, path)).href
  const [{ composeCore }, { IdentityProviderError }, { BrokerError }] = await Promise.all([
    import(urlOf('core-composition.ts')) as Promise<Composition>,
    import(urlOf('core/provider/provider-failure.ts')) as Promise<Failures>,
    import(urlOf('core/broker-error.ts')) as Promise<Errors>,
  ])
  return { composeCore, IdentityProviderError, BrokerError }
}

export const SOURCE_FOLDER = join(import.meta.dirname, '..', 'src')
