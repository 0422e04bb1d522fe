import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { pathOf, powerShell7, QUIET_POWERSHELL, UNKNOWN_TO_5_1 } from '../support/powershell.ts'

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
  expect(windows.filter((script) => UNKNOWN_TO_5_1.test(script))).toEqual([])
})

test('the azd that is asked for knows object parameters from variables and remoteBuild', () => {
  expect(/^requiredVersions:\n {2}azd: '(.*)'$/m.exec(text)?.[1]).toBe('>= 1.23.5')
})

interface Shell {
  readonly system: 'posix' | 'windows'
  readonly program: string
  /** What azd puts around a script that stands in azure.yaml, and how it runs the file that it makes of it. */
  readonly wrapped: (script: string) => { readonly name: string; readonly text: string }
  readonly args: (file: string) => readonly string[]
}

const powerShell = (program: string): Shell => ({
  system: 'windows',
  program,
  wrapped: (script) => ({
    name: 'hook.ps1',
    text: `$ErrorActionPreference = 'Stop'\n\n${script}\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }\n`,
  }),
  args: (file) => ['-NoProfile', '-File', file],
})
const sh: Shell = {
  system: 'posix',
  program: '/bin/sh',
  wrapped: (script) => ({ name: 'hook.sh', text: `#!/bin/sh\nset -e\n\n${script}\n` }),
  args: (file) => ['-c', file],
}

/**
 * On Windows PowerShell 7 and 5.1, which azd falls back to; elsewhere sh, and PowerShell 7 where there is one. Full paths: what is on
 * PATH is part of each test.
 */
const wanted = process.platform === 'win32' ? [pathOf('powershell'), powerShell7()] : [powerShell7()]
const found = wanted.flatMap((program) => (program === undefined ? [] : resolve(program)))
if (found.length < wanted.length) console.warn('SKIPPED: a PowerShell is not on this machine.')
const shells = [...(process.platform === 'win32' ? [] : [sh]), ...found.map(powerShell)]

describe.each(shells)(
  'as azd runs it with $program: a temporary file, in the folder of azure.yaml',
  (shell) => {
    let folder: string
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'azd-'))
      // As a tool of .NET, pwsh is a program that starts dotnet from PATH.
      const dotnet = pathOf('dotnet')
      if (dotnet && process.platform !== 'win32') symlinkSync(realpathSync(dotnet), join(folder, 'dotnet'))
    })
    afterEach(() => rmSync(folder, { recursive: true }))

    const [preprovision = '', postprovision = '', prepackage = ''] = scripts
      .filter(({ system }) => system === shell.system)
      .map(({ script }) => script)
    const { SystemRoot = '', TEMP = '' } = process.env
    const withNode = dirname(process.execPath)

    function run(
      { PATH = '', ...environment }: Record<string, string>,
      { hook = preprovision, cwd = root } = {},
    ) {
      const { name, text: script } = shell.wrapped(hook)
      const file = join(folder, name)
      writeFileSync(file, script, { mode: 0o755 })
      const own = { PATH: [PATH, folder].join(delimiter), SystemRoot, TEMP, HOME: folder, NO_COLOR: '1' }
      const env = { ...own, ...QUIET_POWERSHELL, ...environment }
      return new Promise<{ code: number; said: string }>((resolve) => {
        execFile(shell.program, shell.args(file), { cwd, env }, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code ?? Number.NaN) : 0, said: stdout + stderr }),
        )
      })
    }

    test.each([
      ['azd provision', preprovision],
      ['azd deploy', prepackage],
    ])('without Node.js the first hook of %s says so', async (_, hook) => {
      const { code, said } = await run({ PATH: folder }, { hook })
      expect(code).toBe(1)
      expect(said).toContain('Node.js 22.18 or later is needed: https://nodejs.org')
    })

    test('with it, in a folder with a space, there is nothing to object', async () => {
      const clone = join(folder, 'a clone')
      symlinkSync(root, clone, 'junction')
      expect(await run({ PATH: withNode }, { cwd: clone })).toEqual({ code: 0, said: '' })
    })

    test('what the hook refuses stops azd', async () => {
      const { code, said } = await run({ PATH: withNode, BROKER_NETWORK: 'vnetEnabled' })
      expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('BROKER_NETWORK is not JSON') })
    })

    test('the hook after provisioning runs as well, and its failure stops azd', async () => {
      const { code, said } = await run({ PATH: withNode }, { hook: postprovision })
      expect({ code, said }).toEqual({
        code: 1,
        said: expect.stringContaining('KEY_VAULT_URL is not set: azd sets it, from the outputs'),
      })
    })

    test('a private network without a subscription yet is told what it needs', async () => {
      const { code, said } = await run({ PATH: withNode, BROKER_NETWORK: '{"vnetEnabled": true}' })
      expect({ code, said }).toEqual({
        code: 0,
        said: expect.stringContaining('az provider register --namespace Microsoft.App'),
      })
    })
  },
)
