import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '@jest/globals'
import { BICEP_VERSION } from '../../scripts/bicep-command-line.ts'

const program = process.platform === 'win32' ? 'bicep.exe' : 'bicep'

/** Where `npm run infra:check` puts the compiler. */
export const BICEP = join(import.meta.dirname, '../../node_modules/.cache/bicep', BICEP_VERSION, program)

/** Tests that need the compiler; skipped, and said so, where `npm run infra:check` could not have it. */
export function describeWithBicep(name: string, tests: () => void): void {
  const isThere = existsSync(BICEP)
  if (!isThere) console.warn(`SKIPPED: ${name}: there is no Bicep CLI; npm run infra:check fetches it.`)
  const describeOrSkip = isThere ? describe : describe.skip
  describeOrSkip(name, tests)
}
