import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { odata, TableClient } from '@azure/data-tables'
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity'
import { startAzurite, type Azurite } from '../../local/storage/azurite.ts'
import {
  loadOrCreateCertificateAuthority,
  type CertificateAuthority,
} from '../../local/server/certificate-authority.ts'
import {
  startManagedIdentityEmulator,
  type ManagedIdentityEmulator,
} from '../../local/managed-identity/managed-identity-emulator.ts'
import { PortError } from '../../local/server/port-error.ts'
import { trust } from '../support/trust.ts'

let folder: string
let tls: CertificateAuthority
let azurite: Azurite
let identity: ManagedIdentityEmulator

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'storage-test-'))
  tls = await loadOrCreateCertificateAuthority(join(folder, 'tls'))
  trust(tls)
  ;[azurite, identity] = await Promise.all([startAzurite({ tls }), startManagedIdentityEmulator()])
  Object.assign(process.env, identity.environment)
})

afterAll(async () => {
  await Promise.all([azurite.close(), identity.close()])
  await rm(folder, { recursive: true })
})

const rowsOf = async (client: TableClient): Promise<unknown[]> => {
  const filter = odata`PartitionKey eq ${'p'}`
  const rows: unknown[] = []
  for await (const { rowKey, bytes } of client.listEntities({ queryOptions: { filter } }))
    rows.push([rowKey, bytes])
  return rows
}

test('a table is reached over TLS with a managed identity token', async () => {
  const client = new TableClient(azurite.tableServiceUrl, 'things', new ManagedIdentityCredential())
  await client.createTable()
  const { etag = '' } = await client.createEntity({
    partitionKey: 'p',
    rowKey: 'r',
    bytes: new Uint8Array([1, 2]),
  })
  expect(await rowsOf(client)).toEqual([['r', new Uint8Array([1, 2])]])
  await client.updateEntity({ partitionKey: 'p', rowKey: 'r', bytes: new Uint8Array([3]) }, 'Replace', {
    etag,
  })
  await expect(client.deleteEntity('p', 'r', { etag })).rejects.toMatchObject({ statusCode: 412 })
})

test('DefaultAzureCredential finds the managed identity, as it does in Azure', async () => {
  process.env['AZURE_TOKEN_CREDENTIALS'] = 'ManagedIdentityCredential'
  const client = new TableClient(azurite.tableServiceUrl, 'others', new DefaultAzureCredential())
  await client.createTable()
  expect(await rowsOf(client)).toEqual([])
})

test('rows written to a folder are there after a restart, and the process is gone in between', async () => {
  const first = await startAzurite({ tls, folder: join(folder, 'azurite') })
  const before = new TableClient(first.tableServiceUrl, 'kept', new ManagedIdentityCredential())
  await before.createTable()
  await before.createEntity({ partitionKey: 'p', rowKey: 'r' })
  await first.close()
  expect(() => process.kill(first.pid, 0)).toThrow('ESRCH')

  const second = await startAzurite({ tls, folder: join(folder, 'azurite') })
  try {
    expect(
      await rowsOf(new TableClient(second.tableServiceUrl, 'kept', new ManagedIdentityCredential())),
    ).toEqual([['r', undefined]])
  } finally {
    await second.close()
  }
})

test('a busy port is named', async () => {
  const table = Number(new URL(azurite.tableServiceUrl).port)
  await expect(startAzurite({ tls, ports: { blob: 0, queue: 0, table } })).rejects.toEqual(
    new PortError(table, 'EADDRINUSE'),
  )
})
