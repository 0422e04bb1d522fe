import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { SecretClient } from '@azure/keyvault-secrets'
import { createVault, forbiddenReasonPolicy, type Vault } from '../../infra/hooks/vault.ts'
import { startKeyVaultEmulator, type KeyVaultEmulator } from '../../local/key-vault/key-vault-emulator.ts'
import type { Fault } from '../../local/server/fault.ts'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from '../../local/server/certificate-authority.ts'
import '../../local/server/loopback-names.ts'
import { trust } from '../support/trust.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = `${part({ alg: 'none' })}.${part({ aud: 'https://localhost' })}.signature`

const forbidden = (innerCode: string): Fault => ({
  kind: 'status',
  status: 403,
  body: {
    error: { code: 'Forbidden', message: 'Caller is not authorized.', innererror: { code: innerCode } },
  },
})

let folder: string
let tls: CertificateAuthority
let emulator: KeyVaultEmulator
let vault: Vault
let said: string[]
/** Time passes in delays alone. */
let elapsedInMs: number
/** What becomes of the emulator during the nth delay. */
let changes: (() => unknown)[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vault-'))
  tls = await loadOrCreateCertificateAuthority(folder)
  trust(tls)
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  emulator = await startKeyVaultEmulator({ tls })
  said = []
  elapsedInMs = 0
  changes = []
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) }
  vault = createVault({
    client: new SecretClient(emulator.url, credential, {
      additionalPolicies: [forbiddenReasonPolicy],
      retryOptions: { maxRetries: 0 },
    }),
    say: (line) => said.push(line),
    elapsed: () => elapsedInMs,
    delay: async (timeInMs) => {
      elapsedInMs += timeInMs
      await changes.shift()?.()
    },
  })
})
afterEach(() => emulator.close())

test('names are listed over every page, disabled secrets among them', async () => {
  const names = Array.from({ length: 30 }, (_, i) => `secret-${String(i).padStart(2, '0')}`)
  for (const name of names) emulator.setSecret(name, 'x')
  emulator.disableSecret('secret-07')
  expect(await vault.names()).toEqual(names)
  expect(await vault.deletedNames()).toEqual([])
})

test('what is deleted is listed apart, and comes back with its value', async () => {
  emulator.setSecret('a', 'mine')
  emulator.deleteSecret('a')
  expect([await vault.names(), await vault.deletedNames()]).toEqual([[], ['a']])
  await vault.recover('a')
  expect([await vault.names(), await vault.deletedNames(), emulator.currentValue('a')]).toEqual([
    ['a'],
    [],
    'mine',
  ])
})

describe('a right that is on its way', () => {
  test('is waited for, and said once', async () => {
    emulator.fault = forbidden('ForbiddenByRbac')
    changes = [() => {}, () => (emulator.fault = undefined)]
    await vault.set('a', 'S3cret', 'text/plain')
    expect(emulator.currentValue('a')).toBe('S3cret')
    expect(said).toEqual(['Waiting for the right to write secrets, which takes up to 10 minutes to arrive.'])
    expect(elapsedInMs).toBe(20_000)
  })

  test('is waited for ten minutes and no longer', async () => {
    emulator.fault = forbidden('ForbiddenByRbac')
    await expect(vault.names()).rejects.toThrow('refuses this account (ForbiddenByRbac)')
    expect(elapsedInMs).toBe(600_000)
  })
})

test('a closed network is named and not waited for', async () => {
  emulator.fault = forbidden('ForbiddenByConnection')
  await expect(vault.names()).rejects.toThrow("is closed to this machine's network (ForbiddenByConnection)")
  expect([said, elapsedInMs]).toEqual([[], 0])
})

describe('a vault that nobody can reach', () => {
  test('is waited for, as its name may be new', async () => {
    emulator.setSecret('a', 'mine')
    await emulator.stop()
    changes = [() => {}, () => emulator.start()]
    expect(await vault.names()).toEqual(['a'])
    expect(said).toEqual(['Waiting for the name of the vault, which takes up to a minute to be known.'])
  })

  test('is given up after a minute', async () => {
    await emulator.stop()
    await expect(vault.names()).rejects.toThrow('cannot be reached from this machine (ECONNREFUSED)')
    expect(elapsedInMs).toBe(60_000)
  })
})

test('any other failure is passed on at once', async () => {
  emulator.fault = { kind: 'status', status: 400 }
  await expect(vault.names()).rejects.toThrow('400')
  expect([said, elapsedInMs]).toEqual([[], 0])
})
