import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManagedIdentityCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from '../../local/server/certificate-authority.ts'
import { startKeyVaultEmulator, type KeyVaultEmulator } from '../../local/key-vault/key-vault-emulator.ts'
import '../../local/server/loopback-names.ts'
import {
  startManagedIdentityEmulator,
  type ManagedIdentityEmulator,
} from '../../local/managed-identity/managed-identity-emulator.ts'
import { trust } from '../support/trust.ts'

let folder: string
let tls: CertificateAuthority
let identity: ManagedIdentityEmulator
let vault: KeyVaultEmulator
let client: SecretClient

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-vault-test-'))
  tls = await loadOrCreateCertificateAuthority(join(folder, 'tls'))
  trust(tls)
  identity = await startManagedIdentityEmulator()
  Object.assign(process.env, identity.environment)
  vault = await startKeyVaultEmulator({ tls, stateFile: join(folder, 'vault.json') })
})

beforeEach(() => {
  vault.fault = undefined
  client = new SecretClient(vault.url, new ManagedIdentityCredential(), { retryOptions: { maxRetries: 0 } })
})

afterAll(async () => {
  await Promise.all([vault.close(), identity.close()])
  await rm(folder, { recursive: true })
})

test('the real client, its challenge verification on, reads the current version and an older one', async () => {
  const older = vault.setSecret('greeting', 'hello')
  const newer = vault.setSecret('greeting', 'good morning')
  vault.calls.length = 0

  const current = await client.getSecret('greeting')
  expect([current.value, current.properties.version, current.properties.enabled]).toEqual([
    'good morning',
    newer,
    true,
  ])
  expect((await client.getSecret('greeting', { version: older })).value).toBe('hello')
  expect(newer).toMatch(/^[0-9a-f]{32}$/)
  expect(vault.calls).toEqual(['GET /secrets/greeting', `GET /secrets/greeting/${older}`])
})

test('versions are listed page by page', async () => {
  const versions = Array.from({ length: 5 }, (_, index) => vault.setSecret('many', String(index)))
  const pages: number[] = []
  const listed: (string | undefined)[] = []
  for await (const page of client.listPropertiesOfSecretVersions('many').byPage({ maxPageSize: 2 })) {
    pages.push(page.length)
    listed.push(...page.map(({ version }) => version))
  }
  expect([pages, listed]).toEqual([[2, 2, 1], versions.toSorted()])
})

test('a disabled version, a deleted secret and an unknown one are told apart', async () => {
  const version = vault.setSecret('retired', 'x')
  vault.disableSecret('retired', version)
  await expect(client.getSecret('retired')).rejects.toMatchObject({ statusCode: 403, code: 'Forbidden' })
  vault.deleteSecret('retired')
  await expect(client.getSecret('retired')).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' })
  await expect(client.getSecret('never-was')).rejects.toMatchObject({
    statusCode: 404,
    code: 'SecretNotFound',
  })
})

test('secrets are listed page by page, without values and without those that are deleted', async () => {
  for (const name of ['list-b', 'list-a', 'list-c']) vault.setSecret(name, 'x')
  vault.disableSecret('list-c')
  await client.beginDeleteSecret('list-b')
  const pages: unknown[] = []
  for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 2 })) {
    pages.push(page.length)
  }
  const listed: unknown[] = []
  for await (const { name, enabled, version } of client.listPropertiesOfSecrets()) {
    if (name.startsWith('list-')) listed.push([name, enabled, version])
  }
  expect(listed).toEqual([
    ['list-a', true, undefined],
    ['list-c', false, undefined],
  ])
  expect(pages.slice(0, -1).every((length) => length === 2)).toBe(true)
})

test('a deleted secret keeps its name until it is recovered, with all its versions', async () => {
  const { version } = (await client.setSecret('once', 'one', { contentType: 'text/plain' })).properties
  await client.setSecret('once', 'two')
  const deletion = await client.beginDeleteSecret('once', { intervalInMs: 1 })
  expect((await deletion.pollUntilDone()).name).toBe('once')
  expect((await client.getDeletedSecret('once')).recoveryId).toBe(`${vault.url}/deletedsecrets/once`)
  const deleted: string[] = []
  for await (const { name } of client.listDeletedSecrets()) deleted.push(name)
  expect(deleted).toContain('once')
  await expect(client.setSecret('once', 'three')).rejects.toMatchObject({ statusCode: 409, code: 'Conflict' })

  await (await client.beginRecoverDeletedSecret('once', { intervalInMs: 1 })).pollUntilDone()
  expect((await client.getSecret('once')).value).toBe('two')
  const first = await client.getSecret('once', version === undefined ? {} : { version })
  expect([first.value, first.properties.contentType]).toEqual(['one', 'text/plain'])
  await expect(client.getDeletedSecret('once')).rejects.toMatchObject({ statusCode: 404 })
})

test('a secret set by the client survives a restart, in a file that only its owner can read', async () => {
  await client.setSecret('durable', 'kept')
  const second = await startKeyVaultEmulator({ tls, stateFile: join(folder, 'vault.json') })
  try {
    const reader = new SecretClient(second.url, new ManagedIdentityCredential())
    expect((await reader.getSecret('durable')).value).toBe('kept')
    expect((await stat(join(folder, 'vault.json'))).mode & 0o777).toBe(0o600)
  } finally {
    await second.close()
  }
})

test('faults: throttled, dropped, refused', async () => {
  vault.setSecret('greeting', 'hello')
  vault.fault = { kind: 'status', status: 429, retryAfterInSeconds: 7 }
  await expect(client.getSecret('greeting')).rejects.toMatchObject({ statusCode: 429 })
  vault.fault = { kind: 'reset' }
  await expect(client.getSecret('greeting')).rejects.toMatchObject({ code: 'ECONNRESET' })
  vault.fault = undefined
  await vault.stop()
  await expect(client.getSecret('greeting')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await vault.start()
  expect((await client.getSecret('greeting')).value).toBe('hello')
})
