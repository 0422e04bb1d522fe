import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

test('the picture of the deployment is what its text draws', () => {
  const script = join(import.meta.dirname, '../../scripts/architecture.ts')
  const said = execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(said).toBe('infra/architecture/architecture.svg is up to date\n')
})
