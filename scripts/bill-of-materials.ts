// Prints the bill of materials of what is deployed, CycloneDX. `npm sbom --omit dev` alone leaves out every package that a development
// dependency needs as well, half of the bundle; so it is asked about a project that has no development dependencies.
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const workFolder = await mkdtemp(join(tmpdir(), 'bill-'))
// npm names the application after its folder.
const folder = join(workFolder, 'entra-token-broker')
try {
  await mkdir(folder)
  for (const name of ['package.json', 'package-lock.json'])
    await copyFile(join(root, name), join(folder, name))
  npm('pkg', 'delete', 'devDependencies')
  npm('install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit')
  process.stdout.write(
    npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'),
  )
} finally {
  await rm(workFolder, { recursive: true })
}

function npm(...args: readonly string[]): string {
  // A batch file on Windows. No argument comes from outside.
  return execFileSync('npm', args, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' })
}
