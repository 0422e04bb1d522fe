import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createHttpHeaders, type PipelinePolicy } from '@azure/core-rest-pipeline'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { createDueIndexTable } from '../../src/adapters/tables/due-index-table.ts'
import { createTokenEntryTable } from '../../src/adapters/tables/token-entry-table.ts'
import { sealingKeyOf } from '../../src/crypto/envelope.ts'
import { startStorage, type Storage } from '../support/storage.ts'

const NOW = 1_764_000_000_000
const KEY = sealingKeyOf('v1', randomBytes(32))
const keyRing = { current: async () => KEY, byId: async () => KEY }
const keyOf = () => randomBytes(32).toString('base64url')
const entry = {
  client: 'default',
  fingerprint: '[]',
  renewal: 'password' as const,
  passwordVerifier: 'salt.hash',
  passwordCheck: 'c',
  verifiedOnTimestamp: NOW,
  serializedCache: 'cache',
}

let storage: Storage
beforeAll(async () => {
  storage = await startStorage()
})
afterAll(() => storage.close())

/** A client of a new table, with a policy that sees every try. */
async function clientWith(policy: PipelinePolicy): Promise<TableClient> {
  const { tableName } = await storage.createTable()
  return new TableClient(storage.azurite.tableServiceUrl, tableName, new ManagedIdentityCredential(), {
    retryOptions: { maxRetries: 2, retryDelayInMs: 1, maxRetryDelayInMs: 2 },
    additionalPolicies: [{ policy, position: 'perRetry' }],
  })
}

/** Answers the first `count` tries as Table Storage does when it throttles. */
function busyFor(count: number): PipelinePolicy & { tries: number } {
  return {
    name: 'busy',
    tries: 0,
    async sendRequest(request, next) {
      if (this.tries++ >= count) return next(request)
      const bodyAsText = '{"odata.error":{"code":"ServerBusy","message":{"value":"The server is busy."}}}'
      return {
        request,
        status: 503,
        headers: createHttpHeaders({ 'content-type': 'application/json' }),
        bodyAsText,
      }
    },
  }
}

test('ServerBusy is tried again twice; a third one is a fault, not an absent entry', async () => {
  const policy = busyFor(2)
  const store = createTokenEntryTable({ table: await clientWith(policy), keyRing, timeoutInMs: 10_000 })
  expect(await store.write(keyOf(), entry, NOW, undefined)).toEqual(expect.any(String))
  expect(policy.tries).toBe(3)
  policy.tries = -1
  await expect(store.read(keyOf())).rejects.toMatchObject({ name: 'RestError', statusCode: 503 })
  policy.tries = -1
  await expect(store.write(keyOf(), entry, NOW, undefined)).rejects.toMatchObject({ statusCode: 503 })
  policy.tries = -1
  await expect(store.remove(keyOf(), 'etag')).rejects.toMatchObject({ statusCode: 503 })
})

test('an operation that takes too long ends at its time limit', async () => {
  const slow: PipelinePolicy = {
    name: 'slow',
    sendRequest: (request) =>
      new Promise((_, reject) => {
        request.abortSignal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
      }),
  }
  const table = await clientWith(slow)
  const store = createTokenEntryTable({ table, keyRing, timeoutInMs: 20 })
  const index = createDueIndexTable({ table, timeoutInMs: 20 })
  const hint = { entryKey: keyOf(), dueTimestamp: NOW }
  await expect(store.read(keyOf())).rejects.toThrow()
  await expect(store.write(keyOf(), entry, NOW, undefined)).rejects.toThrow()
  await expect(index.add(hint)).rejects.toThrow()
  await expect(index.dueBefore(NOW)).rejects.toThrow()
})

test('a short or empty page with a continuation token is not the end', async () => {
  const pages: number[] = []
  const stingy: PipelinePolicy = {
    name: 'stingy',
    async sendRequest(request, next) {
      const url = new URL(request.url)
      if (request.method !== 'GET' || !url.pathname.endsWith('()')) return next(request)
      if (!url.searchParams.has('NextPartitionKey')) {
        pages.push(0)
        // As after a partition move: nothing yet, go on from here.
        const headers = createHttpHeaders({
          'content-type': 'application/json;odata=minimalmetadata',
          'x-ms-continuation-nextpartitionkey': 'again',
          'x-ms-continuation-nextrowkey': 'again',
        })
        return { request, status: 200, headers, bodyAsText: '{"value":[]}' }
      }
      if (url.searchParams.get('NextPartitionKey') === 'again') {
        url.searchParams.delete('NextPartitionKey')
        url.searchParams.delete('NextRowKey')
      }
      url.searchParams.set('$top', '2')
      request.url = url.href
      const response = await next(request)
      const { value } = JSON.parse(response.bodyAsText ?? '{}') as { value?: unknown[] }
      pages.push(value?.length ?? 0)
      return response
    },
  }
  const index = createDueIndexTable({ table: await clientWith(stingy), timeoutInMs: 10_000 })
  const hints = Array.from({ length: 80 }, (_, n) => ({ entryKey: keyOf(), dueTimestamp: NOW + n }))
  await Promise.all(hints.map((hint) => index.add(hint)))
  expect(await index.dueBefore(NOW + 80)).toEqual(hints)
  expect(pages.filter((size) => size === 0).length).toBeGreaterThanOrEqual(16)
  expect(Math.max(...pages)).toBe(2)
})
