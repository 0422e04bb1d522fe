import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { composeCore } from '../src/core-composition.ts'
import type { BrokerError } from '../src/core/broker-error.ts'
import type { IdentityProviderError } from '../src/core/provider/provider-failure.ts'

/** The core, and the classes that its ports must throw: those of the same copy of it. */
export interface CoreModule {
  readonly composeCore: typeof composeCore
  readonly IdentityProviderError: typeof IdentityProviderError
  readonly BrokerError: typeof BrokerError
}

const FILES = ['core-composition.ts', 'core/provider/provider-failure.ts', 'core/broker-error.ts']

/** The project's own, or a copy of it that was changed. */
export async function importCore(sourceFolder: string): Promise<CoreModule> {
  const modules = await Promise.all(
    FILES.map((file) => import(pathToFileURL(join(sourceFolder, file)).href) as Promise<object>),
  )
  return Object.assign({}, ...modules) as CoreModule
}

export const SOURCE_FOLDER = join(import.meta.dirname, '..', 'src')
