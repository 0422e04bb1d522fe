import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { startKeyVaultEmulator, type KeyVaultEmulator } from '../../local/key-vault/key-vault-emulator.ts'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from '../../local/server/certificate-authority.ts'
import { installAzd } from './azd-stand-in.ts'

const root = join(import.meta.dirname, '../..')
const CLIENT_SECRET = 'cl13nt-s3cret'
const PROFILE = {
  tenantId: 'contoso.com',
  clientId: 'c',
  resource: 'https://graph.microsoft.com',
  clientSecret: CLIENT_SECRET,
}
const NAMES = ['token-cache-encryption-key', 'token-cache-index-key', 'client-default']

let certificates: string
let tls: CertificateAuthority
let folder: string
let vault: KeyVaultEmulator
let azdCalls: () => string | undefined

beforeAll(async () => {
  certificates = mkdtempSync(join(tmpdir(), 'certificates-'))
  tls = await loadOrCreateCertificateAuthority(certificates)
})
afterAll(() => rmSync(certificates, { recursive: true }))
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'with a space-'))
  vault = await startKeyVaultEmulator({ tls })
})
afterEach(async () => {
  await vault.close()
  rmSync(folder, { recursive: true })
})

const valuesOf = () => Object.fromEntries(NAMES.map((name) => [name, vault.currentValue(name)]))
const writes = () => vault.calls.filter((call) => !call.startsWith('GET '))

/** As azd runs it, with its variables in the environment. Nothing but `azd` is on PATH. */
function run(environment: Record<string, string> = {}): Promise<{ code: number; said: string }> {
  const { SystemRoot = '', ComSpec = '' } = process.env
  const env = {
    PATH: [folder, '/bin'].join(delimiter),
    // Without these Windows runs no batch file.
    SystemRoot,
    ComSpec,
    KEY_VAULT_URL: vault.url,
    // The tenant that the emulator's challenge names, as a vault names its own.
    AZURE_TENANT_ID: 'common',
    NODE_EXTRA_CA_CERTS: tls.caFile,
    NODE_OPTIONS: `--import=${join(root, 'local/server/loopback-names.ts')}`,
    ...environment,
  }
  const command = ['infra/hooks/run.cjs', 'infra/hooks/postprovision.ts']
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, { env, cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    )
    child.stdin?.end()
  })
}

describe('after provisioning, with azd alone', () => {
  beforeEach(() => {
    azdCalls = installAzd(folder)
  })

  test('an empty vault gets two keys of 32 random bytes and the profile, and no value is shown or passed by argument', async () => {
    const { code, said } = await run({ CLIENT_PROFILE: JSON.stringify(PROFILE) })
    const values = valuesOf()
    const keys = NAMES.slice(0, 2).map((name) => String(values[name]))
    expect(code).toBe(0)
    expect(keys.map((key) => Buffer.from(key, 'base64').length)).toEqual([32, 32])
    expect(keys[0]).not.toBe(keys[1])
    expect(JSON.parse(String(values['client-default']))).toEqual(PROFILE)
    for (const value of [...keys, CLIENT_SECRET]) expect(said + String(azdCalls())).not.toContain(value)
  })

  test("the token is the vault's tenant's, for the vault alone", async () => {
    await run()
    expect(azdCalls()?.split('\n')[0]).toBe(
      '["auth","token","--output","json","--no-prompt","--scope","https://localhost/.default","--tenant-id","common"]',
    )
  })

  test('what is there already stays as it is, and nothing is written', async () => {
    for (const name of NAMES) vault.setSecret(name, 'mine')
    const { code, said } = await run({ CLIENT_PROFILE: JSON.stringify(PROFILE) })
    expect({ code, values: valuesOf(), writes: writes() }).toEqual({
      code: 0,
      values: Object.fromEntries(NAMES.map((name) => [name, 'mine'])),
      writes: [],
    })
    expect(said.match(/there already, left as it is/g)).toHaveLength(3)
  })

  test('a deleted key is recovered, not replaced', async () => {
    vault.setSecret('token-cache-encryption-key', 'mine')
    vault.deleteSecret('token-cache-encryption-key')
    const { code, said } = await run()
    expect({ code, value: vault.currentValue('token-cache-encryption-key'), writes: writes() }).toEqual({
      code: 0,
      value: 'mine',
      writes: [
        'POST /deletedsecrets/token-cache-encryption-key/recover',
        'PUT /secrets/token-cache-index-key',
      ],
    })
    expect(said).toContain('token-cache-encryption-key: was deleted, recovered with the value it had.')
  })

  test('without a profile and without a terminal the keys are made, and the rest is said', async () => {
    const { code, said } = await run()
    expect({ code, writes: writes() }).toEqual({
      code: 0,
      writes: ['PUT /secrets/token-cache-encryption-key', 'PUT /secrets/token-cache-index-key'],
    })
    expect(said).toContain('client-default: not made.')
  })

  test('a profile that the broker would refuse is refused here, by field', async () => {
    const { code, said } = await run({ CLIENT_PROFILE: JSON.stringify({ ...PROFILE, tenantId: 'common' }) })
    expect(code).toBe(1)
    expect(said).toContain('CLIENT_PROFILE: tenantId must be one tenant')
    expect(said).not.toContain(CLIENT_SECRET)
    expect(vault.currentValue('client-default')).toBeUndefined()
  })

  test('a profile can have another name', async () => {
    await run({ CLIENT_PROFILE: JSON.stringify(PROFILE), CLIENT_PROFILE_NAME: 'crm' })
    expect(JSON.parse(vault.currentValue('client-crm') ?? '')).toEqual(PROFILE)
  })

  test('a name that no caller could ask for is refused', async () => {
    const { code, said } = await run({ CLIENT_PROFILE_NAME: 'a'.repeat(65) })
    expect({ code, said, calls: vault.calls }).toEqual({
      code: 1,
      said: 'CLIENT_PROFILE_NAME: letters, digits and hyphens, at most 64.\n',
      calls: [],
    })
  })

  test.each(['ForbiddenByFirewall', 'ForbiddenByConnection'])(
    'a closed vault (%s) is named with the way out, and the deployment goes on',
    async (code) => {
      vault.fault = {
        kind: 'status',
        status: 403,
        body: { error: { code: 'Forbidden', message: 'Not from here.', innererror: { code } } },
      }
      expect(await run()).toEqual({
        code: 0,
        said:
          `The vault ${vault.url} is closed to this machine's network (${code}). The keys and the client profile were not ` +
          'looked at; the deployment goes on. When they are not there yet, the broker answers 500 misconfigured. Then, from ' +
          "inside the network, or after adding this machine's address to operatorIpRanges: " +
          `KEY_VAULT_URL=${vault.url} npm run secrets\n`,
      })
    },
  )

  test('without the address of a vault nobody is asked', async () => {
    const { code, said } = await run({ KEY_VAULT_URL: '' })
    expect(code).toBe(1)
    expect(said).toContain('KEY_VAULT_URL is not set')
    expect(azdCalls()).toBeUndefined()
  })
})

test('when nobody is signed in, the cure is the first thing that is said', async () => {
  const { code, said } = await run()
  expect(code).toBe(1)
  expect(said).toMatch(
    /^Nobody is signed in for the vault https:\/\/vault\.localhost:\d+: azd auth login --tenant-id common\. /,
  )
})
