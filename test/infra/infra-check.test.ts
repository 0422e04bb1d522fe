import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { describeWithBicep } from './bicep.ts'

const root = join(import.meta.dirname, '../..')

test('no rule of the linter stops a user: an azd with a newer Bicep knows newer API versions', () => {
  const config = JSON.parse(readFileSync(join(root, 'infra/bicepconfig.json'), 'utf8')) as {
    analyzers: { core: { rules: Record<string, { level: string }> } }
  }
  const levels = Object.values(config.analyzers.core.rules).map(({ level }) => level)
  expect(new Set(levels)).toEqual(new Set(['warning']))
})

describeWithBicep('infra:check fails on any word of the compiler', () => {
  let copy: string
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'infra-'))
    cpSync(join(root, 'scripts'), join(copy, 'scripts'), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir')
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
  })
  beforeEach(() => cpSync(join(root, 'infra'), join(copy, 'infra'), { recursive: true, force: true }))
  afterAll(() => rmSync(copy, { recursive: true }))

  function check(): Promise<{ code: number; said: string }> {
    return new Promise((resolve) => {
      const args = [join(copy, 'scripts/infra-check.ts'), '--check']
      execFile(process.execPath, args, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
      )
    })
  }

  function edit(name: string, from: string, to: string): void {
    const file = join(copy, 'infra', name)
    const text = readFileSync(file, 'utf8')
    expect(text).toContain(from)
    writeFileSync(file, text.replaceAll(from, to))
  }

  test('of an aged API version', async () => {
    edit('modules/identity.bicep', '@2024-11-30', '@2018-11-30')
    const { code, said } = await check()
    expect(code).toBe(1)
    expect(said).toMatch(
      /identity\.bicep\(13,\d+\) : Warning use-recent-api-versions: .*'2018-11-30' is \d+ days old/,
    )
  })

  test('of a template that the compiled one no longer is', async () => {
    edit('main.bicep', "application: 'entra-token-broker'", "application: 'another'")
    const { code, said } = await check()
    expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/azuredeploy\.json is stale\n$/) })
  })
})
