import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')

/** A clone of the repository in a folder with a space in its name, with a script that tells which Node.js ran it. */
let clone: string
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'a clone-'))
  mkdirSync(join(clone, 'infra/hooks'), { recursive: true })
  cpSync(join(root, 'infra/hooks/run.cjs'), join(clone, 'infra/hooks/run.cjs'))
  writeFileSync(
    join(clone, 'script.ts'),
    'const how: string = process.execPath\nconsole.log(how)\nprocess.exitCode = 7\n',
  )
})
afterEach(() => rmSync(clone, { recursive: true }))

const install = (name: string) => {
  mkdirSync(join(clone, 'node_modules'), { recursive: true })
  symlinkSync(join(root, 'node_modules', name), join(clone, 'node_modules', name), 'dir')
}

/** @param version what the machine's Node.js says of itself. */
function run(version: string): Promise<{ code: number; said: string }> {
  const pretend = join(clone, 'pretend.cjs')
  writeFileSync(
    pretend,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
  )
  const args = ['--require', pretend, join(clone, 'infra/hooks/run.cjs'), 'script.ts']
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    )
  })
}

test('without npm ci, that is the cure', async () => {
  expect(await run('24.0.0')).toEqual({
    code: 1,
    said: 'The dependencies are not installed. Run this in the folder of azure.yaml, then try again: npm ci\n',
  })
})

test("the script runs with the project's own Node.js, whatever the machine has, and its exit code is the answer", async () => {
  install('zod')
  install('node')
  const { code, said } = await run('18.20.4')
  expect({ code, isOwn: said.includes(join('node_modules', 'node', 'bin')) }).toEqual({
    code: 7,
    isOwn: true,
  })
})

test("without it the machine's will do, from 22.18 on", async () => {
  install('zod')
  expect(await run('22.18.0')).toEqual({ code: 7, said: `${process.execPath}\n` })
  expect(await run('22.17.1')).toEqual({
    code: 1,
    said: 'Node.js 22.17.1 is too old: 22.18 or later is needed. Install it from https://nodejs.org\n',
  })
})
