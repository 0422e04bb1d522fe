import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const [, buildStage = ''] = dockerfile.split(/^FROM /m)
const folder = mkdtempSync(join(tmpdir(), 'container-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the build stage has all that it needs, and nothing else passes .dockerignore', () => {
  const copied = [...buildStage.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, files]) =>
    String(files).split(' '),
  )
  const admitted = readFileSync(join(root, '.dockerignore'), 'utf8').match(/^[^#\s].*$/gm)
  expect(admitted?.toSorted()).toEqual(
    ['*', ...copied.map((name) => `!${name.replace('./', '')}`)].toSorted(),
  )
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true })
  // What npm ci makes of package-lock.json.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  expect(buildStage).toMatch(/^RUN npm run package$/m)
  execFileSync(process.execPath, ['scripts/package.ts'], { cwd: folder })
  expect(readdirSync(join(folder, '.deploy')).toSorted()).toEqual(['dist', 'host.json', 'package.json'])
})

test('what the image is made of is what the build stage makes, and the timer has its schedule', () => {
  const [, source = ''] = /^COPY --from=build .*\/build\/(\S+) \/home\/site\/wwwroot$/m.exec(dockerfile) ?? []
  expect(existsSync(join(folder, source, 'dist/index.cjs'))).toBe(true)
  expect(dockerfile).toMatch(/^ +REFRESH_SCHEDULE="0 \* \* \* \* \*"$/m)
})
