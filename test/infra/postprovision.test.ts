import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const hook = join(import.meta.dirname, '../../infra/hooks/postprovision.sh')
const CLIENT_SECRET = 'cl13nt-s3cret'
const PROFILE = {
  tenantId: 'contoso.com',
  clientId: 'c',
  resource: 'https://graph.microsoft.com',
  clientSecret: CLIENT_SECRET,
}

/** An `az` that keeps secrets in vault.json beside it, and every word it was called with in calls.json. */
const AZ = `
  const { existsSync, readFileSync, writeFileSync } = require('node:fs')
  const { join } = require('node:path')
  const read = (name, none) => (existsSync(join(__dirname, name)) ? JSON.parse(readFileSync(join(__dirname, name))) : none)
  const write = (name, value) => writeFileSync(join(__dirname, name), JSON.stringify(value))
  const args = process.argv.slice(2)
  const word = (name) => args[args.indexOf(name) + 1]
  const vault = read('vault.json', { secrets: {}, deleted: [] })
  write('calls.json', [...read('calls.json', []), args])
  if (args[2] === 'list') console.log(JSON.stringify(Object.keys(vault.secrets)))
  else if (args[2] === 'list-deleted') console.log(JSON.stringify(vault.deleted))
  else if (args[2] === 'set') {
    vault.secrets[word('--name')] = readFileSync(word('--file'), 'utf8')
    write('vault.json', vault)
  } else process.exitCode = 2
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'az-'))
  writeFileSync(join(folder, 'az'), `#!${process.execPath}\n${AZ}`)
  chmodSync(join(folder, 'az'), 0o755)
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Vault {
  secrets: Record<string, string>
  deleted: string[]
}

const vaultOf = () => JSON.parse(readFileSync(join(folder, 'vault.json'), 'utf8')) as Vault
const fill = (vault: Vault) => writeFileSync(join(folder, 'vault.json'), JSON.stringify(vault))
const callsOf = () => readFileSync(join(folder, 'calls.json'), 'utf8')

function run(environment: Record<string, string>): Promise<{ code: number; said: string }> {
  const env = {
    PATH: [folder, process.env['PATH']].join(delimiter),
    TMPDIR: folder,
    KEY_VAULT_NAME: 'kv-test',
    ...environment,
  }
  return new Promise((resolve) => {
    const child = execFile('sh', [hook], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    )
    child.stdin?.end()
  })
}

// The wrapper is for sh; Windows runs postprovision.ps1.
const describeOnPosix = process.platform === 'win32' ? describe.skip : describe

describeOnPosix('after provisioning', () => {
  test('an empty vault gets two keys of 32 random bytes and the profile, and no value is shown or passed by argument', async () => {
    const { code, said } = await run({ CLIENT_PROFILE: JSON.stringify(PROFILE) })
    const { secrets } = vaultOf()
    const keys = [secrets['token-cache-encryption-key'], secrets['token-cache-index-key']].map(String)
    expect(code).toBe(0)
    expect(Object.keys(secrets)).toEqual([
      'token-cache-encryption-key',
      'token-cache-index-key',
      'client-default',
    ])
    expect(keys.map((key) => Buffer.from(key, 'base64').length)).toEqual([32, 32])
    expect(keys[0]).not.toBe(keys[1])
    expect(JSON.parse(String(secrets['client-default']))).toEqual(PROFILE)
    for (const value of [...keys, CLIENT_SECRET]) expect(said + callsOf()).not.toContain(value)
  })

  test('what is there already stays as it is', async () => {
    const secrets = {
      'token-cache-encryption-key': 'mine',
      'token-cache-index-key': 'mine',
      'client-default': 'mine',
    }
    fill({ secrets, deleted: [] })
    const { code, said } = await run({ CLIENT_PROFILE: JSON.stringify(PROFILE) })
    expect({ code, secrets: vaultOf().secrets }).toEqual({ code: 0, secrets })
    expect(said.match(/there already, left as it is/g)).toHaveLength(3)
    expect(callsOf()).not.toContain('"set"')
  })

  test('a deleted key is to be recovered, not replaced', async () => {
    fill({ secrets: {}, deleted: ['token-cache-encryption-key'] })
    const { code, said } = await run({})
    expect({ code, secrets: vaultOf().secrets }).toEqual({ code: 1, secrets: {} })
    expect(said).toContain('Deleted, but recoverable: token-cache-encryption-key')
    expect(said).toContain('az keyvault secret recover')
  })

  test('without a profile and without a terminal the keys are made, and the rest is said', async () => {
    const { code, said } = await run({})
    expect({ code, names: Object.keys(vaultOf().secrets) }).toEqual({
      code: 0,
      names: ['token-cache-encryption-key', 'token-cache-index-key'],
    })
    expect(said).toContain('client-default: not made.')
  })

  test('a profile that the broker would refuse is refused here, by field', async () => {
    const { code, said } = await run({ CLIENT_PROFILE: JSON.stringify({ ...PROFILE, tenantId: 'common' }) })
    expect(code).toBe(1)
    expect(said).toContain('CLIENT_PROFILE: tenantId must be one tenant')
    expect(said).not.toContain(CLIENT_SECRET)
    expect(vaultOf().secrets['client-default']).toBeUndefined()
  })

  test('a profile can have another name', async () => {
    await run({ CLIENT_PROFILE: JSON.stringify(PROFILE), CLIENT_PROFILE_NAME: 'crm' })
    expect(Object.keys(vaultOf().secrets)).toContain('client-crm')
  })

  test('without the name of a vault nothing is called', async () => {
    const { code, said } = await run({ KEY_VAULT_NAME: '' })
    expect(code).toBe(1)
    expect(said).toContain('KEY_VAULT_NAME is not set')
    expect(existsSync(join(folder, 'calls.json'))).toBe(false)
  })
})
