import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'azure.yaml'), 'utf8')

/** Every hook's script, for the shell it stands under. */
const scripts = [
  ...text.matchAll(
    /^( +)(posix|windows):\n\1 {2}shell: (\S+)\n\1 {2}run: (?:\|\n((?:\1 {4}.*\n)+)|(.*)\n)/gm,
  ),
].map(([, , system, shell, block, line]) => ({
  system,
  shell,
  script: (block?.replaceAll(/^ +/gm, '') ?? line ?? '').trim(),
}))

test('every hook is there for both systems, and says the same to both', () => {
  expect(scripts.map(({ system, shell }) => `${system} ${shell}`)).toEqual([
    'posix sh',
    'windows pwsh',
    'posix sh',
    'windows pwsh',
    'posix sh',
    'windows pwsh',
  ])
  const last = scripts.map(({ script }) => script.split('\n').at(-1))
  expect(last.filter((_, i) => i % 2 === 0)).toEqual(last.filter((_, i) => i % 2 === 1))
})

test('no hook is the path of a file, which azd hands to the shell unquoted', () => {
  expect(scripts.filter(({ script }) => !script.includes(' '))).toEqual([])
})

test('no hook uses what Windows PowerShell 5.1 does not know', () => {
  const windows = scripts.filter(({ system }) => system === 'windows').map(({ script }) => script)
  expect(windows.filter((script) => /&&|\|\||\?\?|\$IsWindows| \? .* : /.test(script))).toEqual([])
})

test('the azd that is asked for knows object parameters from variables and remoteBuild', () => {
  expect(/^requiredVersions:\n {2}azd: '(.*)'$/m.exec(text)?.[1]).toBe('>= 1.23.5')
})

// Windows has no sh.
const describeOnPosix = process.platform === 'win32' ? describe.skip : describe

describeOnPosix('as azd runs it: a temporary file, in the folder of azure.yaml', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'azd-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function run(script: string, environment: Record<string, string>, cwd = root) {
    const file = join(folder, 'hook.sh')
    writeFileSync(file, `#!/bin/sh\nset -e\n\n${script}\n`)
    chmodSync(file, 0o755)
    return new Promise<{ code: number; said: string }>((resolve) => {
      execFile('/bin/sh', ['-c', file], { cwd, env: environment }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
      )
    })
  }
  const preprovision = scripts[0]?.script ?? ''

  test('without Node.js the first hook says so', async () => {
    expect(await run(preprovision, { PATH: folder })).toEqual({
      code: 1,
      said: 'Node.js 22.18 or later is needed: https://nodejs.org\n',
    })
  })

  test('with it, in a folder with a space, there is nothing to object', async () => {
    const clone = join(folder, 'a clone')
    symlinkSync(root, clone)
    symlinkSync(process.execPath, join(folder, 'node'))
    expect(await run(preprovision, { PATH: folder }, clone)).toEqual({ code: 0, said: '' })
  })

  test('a private network without a subscription yet is told what it needs', async () => {
    symlinkSync(process.execPath, join(folder, 'node'))
    const { code, said } = await run(preprovision, { PATH: folder, BROKER_NETWORK: '{"vnetEnabled": true}' })
    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringContaining('az provider register --namespace Microsoft.App'),
    })
  })
})
