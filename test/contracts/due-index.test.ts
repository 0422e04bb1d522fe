import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TableClient } from '@azure/data-tables'
import fc from 'fast-check'
import { createDueIndexTable } from '../../src/adapters/tables/due-index-table.ts'
import type { DueIndex } from '../../src/core/entry/due-index.ts'
import { createMemoryDueIndex } from '../support/memory-due-index.ts'
import { startStorage, type Storage } from '../support/storage.ts'

const NOW = 1_764_000_000_000
const keyOf = () => randomBytes(32).toString('base64url')

let storage: Storage
let table: TableClient
beforeAll(async () => {
  storage = await startStorage()
})
afterAll(() => storage.close())

const indexes: [string, () => Promise<DueIndex>][] = [
  ['memory', async () => createMemoryDueIndex()],
  [
    'Azurite',
    async () => {
      table = await storage.createTable()
      return createDueIndexTable({ table, timeoutInMs: 10_000 })
    },
  ],
]

describe.each(indexes)('a due index in %s', (_, createIndex) => {
  test('is empty at first', async () => {
    expect(await (await createIndex()).dueBefore(NOW)).toEqual([])
  })

  test('finds what is due before a time, the oldest first, and nothing else', async () => {
    const index = await createIndex()
    const hints = [3, -1, 0, -2, 1, -500_000_000].map((offset) => ({
      entryKey: keyOf(),
      dueTimestamp: NOW + offset,
    }))
    await Promise.all(hints.map((hint) => index.add(hint)))
    const due = await index.dueBefore(NOW)
    expect(due.map(({ dueTimestamp }) => dueTimestamp - NOW)).toEqual([-500_000_000, -2, -1])
    expect(hints).toEqual(expect.arrayContaining(due))
  })

  test('a hint added twice is there once, a hint removed twice is gone', async () => {
    const index = await createIndex()
    const hint = { entryKey: keyOf(), dueTimestamp: NOW }
    await Promise.all([index.add(hint), index.add(hint)])
    await index.add(hint)
    expect(await index.dueBefore(NOW + 1)).toEqual([hint])
    await index.remove(hint)
    await index.remove(hint)
    expect(await index.dueBefore(NOW + 1)).toEqual([])
  })

  test('one entry may have several hints, each removed by itself', async () => {
    const index = await createIndex()
    const entryKey = keyOf()
    await index.add({ entryKey, dueTimestamp: NOW })
    await index.add({ entryKey, dueTimestamp: NOW + 1 })
    await index.remove({ entryKey, dueTimestamp: NOW })
    expect(await index.dueBefore(NOW + 2)).toEqual([{ entryKey, dueTimestamp: NOW + 1 }])
  })

  test('order and borders hold for any times', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(2_000_000_000_000), { maxLength: 12 }),
        fc.nat(2_000_000_000_000),
        async (times, border) => {
          const index = await createIndex()
          await Promise.all(times.map((dueTimestamp) => index.add({ entryKey: keyOf(), dueTimestamp })))
          const due = (await index.dueBefore(border)).map(({ dueTimestamp }) => dueTimestamp)
          expect(due).toEqual(times.filter((time) => time < border).toSorted((a, b) => a - b))
        },
      ),
      { numRuns: 15 },
    )
  })
})

test('keys are spread over all 16 partitions', async () => {
  const index = await (indexes[1]?.[1] ?? createMemoryDueIndex)()
  const keys = Array.from({ length: 400 }, keyOf)
  await Promise.all(keys.map((entryKey) => index.add({ entryKey, dueTimestamp: NOW })))
  const partitions = new Map<string, number>()
  for await (const { partitionKey = '' } of table.listEntities()) {
    partitions.set(partitionKey, (partitions.get(partitionKey) ?? 0) + 1)
  }
  expect(partitions.size).toBe(16)
  expect(Math.max(...partitions.values())).toBeLessThan(60)
})
