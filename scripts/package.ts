// Makes .deploy: the bundle, host.json and a package.json that names it. That is all the Functions host needs.
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const target = join(root, '.deploy')
const { name, version, main } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  name: string
  version: string
  main: string
}

execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], { cwd: root, stdio: 'inherit' })
await rm(target, { recursive: true, force: true })
await mkdir(target)
await cp(join(root, dirname(main)), join(target, dirname(main)), { recursive: true })
await cp(join(root, 'host.json'), join(target, 'host.json'))
// No "type": the bundle is CommonJS. No dependencies: they are in the bundle.
await writeFile(
  join(target, 'package.json'),
  `${JSON.stringify({ name, version, private: true, main }, undefined, 2)}\n`,
)

console.log(
  'Packaged in .deploy, as the Functions host wants it: func azure functionapp publish, or a zip of what is in it.',
)
