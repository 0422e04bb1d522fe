import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { AzureCliError } from '../../infra/hooks/azure-cli.ts'
import { createVault } from '../../infra/hooks/vault.ts'

const FORBIDDEN =
  'ERROR: (Forbidden) Caller is not authorized to perform action. Inner error: ForbiddenByRbac'

/** A vault behind an `az` that gives these answers, one a call; an Error is thrown. Time passes in delays alone. */
function vaultOf(answers: readonly (string | Error)[]) {
  const calls: (readonly string[])[] = []
  const said: string[] = []
  const files: { value: string; mode: number; folderMode: number; path: string }[] = []
  let now = 0
  const vault = createVault({
    vaultName: 'kv-test',
    say: (line) => said.push(line),
    delay: async (timeInMs) => {
      now += timeInMs
    },
    now: () => now,
    az: async (args) => {
      const path = args[args.indexOf('--file') + 1]
      if (args.includes('--file') && path) {
        files.push({
          path,
          value: readFileSync(path, 'utf8'),
          mode: statSync(path).mode & 0o777,
          folderMode: statSync(dirname(path)).mode & 0o777,
        })
      }
      const answer = answers[Math.min(calls.length, answers.length - 1)] ?? ''
      calls.push(args)
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  return { vault, calls, said, files, elapsedInMs: () => now }
}

describe('a value on its way to the vault', () => {
  test('travels in a file of its own that nobody else may read, and leaves none behind', async () => {
    const { vault, calls, said, files } = vaultOf([''])
    await vault.set('client-default', 'S3cret', 'application/json')
    expect(files).toEqual([{ path: expect.any(String), value: 'S3cret', mode: 0o600, folderMode: 0o700 }])
    expect(existsSync(files[0]?.path ?? '')).toBe(false)
    expect(existsSync(dirname(files[0]?.path ?? ''))).toBe(false)
    expect(JSON.stringify([calls, said])).not.toContain('S3cret')
    expect(calls[0]).toEqual(expect.arrayContaining(['--output', 'none']))
  })

  test('leaves no file behind when az fails', async () => {
    const { vault, files } = vaultOf([new AzureCliError('ERROR: (Conflict) deleted but recoverable')])
    await expect(vault.set('a', 'S3cret', 'text/plain')).rejects.toThrow('recoverable')
    expect(existsSync(dirname(files[0]?.path ?? ''))).toBe(false)
  })
})

describe('a right that is on its way', () => {
  test('is waited for, and said once', async () => {
    const { vault, said, elapsedInMs } = vaultOf([
      new AzureCliError(FORBIDDEN),
      new AzureCliError(FORBIDDEN),
      '["a"]',
    ])
    expect(await vault.names()).toEqual(['a'])
    expect(said).toEqual(['Waiting for the right to write secrets, which takes up to 10 minutes to arrive.'])
    expect(elapsedInMs()).toBe(20_000)
  })

  test('is waited for ten minutes and no longer', async () => {
    const { vault, elapsedInMs } = vaultOf([new AzureCliError(FORBIDDEN)])
    await expect(vault.names()).rejects.toThrow('ForbiddenByRbac')
    expect(elapsedInMs()).toBe(600_000)
  })
})

test('a closed network is named, with the way out, and not waited for', async () => {
  const { vault, calls } = vaultOf([
    new AzureCliError(
      'ERROR: (Forbidden) Public network access is disabled. Inner error: ForbiddenByConnection',
    ),
  ])
  await expect(vault.names()).rejects.toThrow(/kv-test is closed to this machine's network.*operatorIpRanges/)
  expect(calls).toHaveLength(1)
})

test('any other failure is passed on at once', async () => {
  const { vault, calls } = vaultOf([new AzureCliError("Please run 'az login' to setup account.")])
  await expect(vault.names()).rejects.toThrow('az login')
  expect(calls).toHaveLength(1)
})
