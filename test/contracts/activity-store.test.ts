import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { TableClient } from '@azure/data-tables'
import { createActivityTable } from '../../src/adapters/tables/activity-table.ts'
import type { ActivityMinute } from '../../src/core/activity/activity-counts.ts'
import type { ActivityStore } from '../../src/core/activity/activity-store.ts'
import { createMemoryActivityStore } from '../support/memory-activity-store.ts'
import { startStorage, type Storage } from '../support/storage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** 16:00 UTC. */
const NOW = 1_764_000_000_000
const minuteAt = (minuteTimestamp: number, instanceId = 'a-1', calls = 1): ActivityMinute => ({
  minuteTimestamp,
  instanceId,
  counts: {
    actions: { 'returned existing token': calls },
    sources: { memory: calls },
    errors: { 'consent_required 65001': 2 },
    warnings: { token_not_stored: 1 },
    providerCalls: calls,
    sweeps: { ticks: 1 },
    sweepFailures: { 'RestError 503 ServerBusy': 1 },
    oldestLagMs: 1500,
    longestTickMs: 20,
  },
  lostMinutes: 3,
})

let storage: Storage
let table: TableClient
beforeAll(async () => {
  storage = await startStorage()
})
afterAll(() => storage.close())

const kinds: [string, () => Promise<ActivityStore>][] = [
  ['memory', async () => createMemoryActivityStore()],
  [
    'Azurite',
    async () => {
      table = await storage.createTable()
      return createActivityTable({ table, timeoutInMs: 10_000, now: () => NOW })
    },
  ],
]

describe.each(kinds)('an activity store in %s', (_, createStore) => {
  let store: ActivityStore
  beforeEach(async () => {
    store = await createStore()
  })
  const readFrom = async (timestamp: number) =>
    (await store.read(timestamp)).minutes.toSorted(
      (a, b) => a.minuteTimestamp - b.minuteTimestamp || (a.instanceId < b.instanceId ? -1 : 1),
    )

  test('gives back what was written, of all instances and hours', async () => {
    const minutes = [
      minuteAt(NOW - 23 * HOUR),
      minuteAt(NOW - HOUR - MINUTE),
      minuteAt(NOW, 'a-1'),
      minuteAt(NOW, 'b-2'),
    ]
    for (const minute of minutes) await store.write(minute)
    expect(await store.read(NOW - 24 * HOUR)).toEqual({ minutes: expect.anything(), isCut: false })
    expect(await readFrom(NOW - 24 * HOUR)).toEqual(minutes)
  })

  test('a minute of an instance is one: written again, it is replaced', async () => {
    await store.write(minuteAt(NOW, 'a-1', 1))
    await store.write(minuteAt(NOW, 'a-1', 7))
    expect(await readFrom(NOW)).toEqual([minuteAt(NOW, 'a-1', 7)])
  })

  test('reads from a minute on, it included, and what a clock that is ahead has written', async () => {
    const border = NOW - 30 * MINUTE
    for (const minute of [-1, 0, 1, 91]) await store.write(minuteAt(border + minute * MINUTE))
    const read = await readFrom(border)
    expect(read.map(({ minuteTimestamp }) => (minuteTimestamp - border) / MINUTE)).toEqual([0, 1, 91])
  })

  test('prunes whole hours, however many rows they have, and nothing of the hour of the border', async () => {
    const minutes = Array.from({ length: 130 }, (_, minute) => minuteAt(NOW - 3 * HOUR + minute * MINUTE))
    await Promise.all(minutes.map((minute) => store.write(minute)))
    expect(await store.prune(NOW - 2 * HOUR + 30 * MINUTE)).toBe(60)
    expect(await readFrom(NOW - 4 * HOUR)).toEqual(minutes.slice(60))
    expect(await store.prune(NOW - 2 * HOUR)).toBe(0)
  })
})

test('more rows than a page has are read, and a row that is not one of ours is passed over', async () => {
  table = await storage.createTable()
  const store = createActivityTable({ table, timeoutInMs: 60_000, now: () => NOW })
  for (const [rowKey, counts] of [
    ['2025-11-24T16:00_a', 'no JSON'],
    ['2025-11-24T16:00_b', '{}'],
    ['odd', '{}'],
  ] as const) {
    await table.createEntity({ partitionKey: '2025-11-24T16', rowKey, counts, lostMinutes: 0 })
  }
  const minutes = Array.from({ length: 1100 }, (_, n) => minuteAt(NOW, `i${n}`))
  for (let at = 0; at < minutes.length; at += 100) {
    await Promise.all(minutes.slice(at, at + 100).map((minute) => store.write(minute)))
  }
  expect((await store.read(NOW)).minutes).toHaveLength(1100)
})

test('when there is more than may be read, whole hours are missing, the oldest, and it says so', async () => {
  table = await storage.createTable()
  const storeOf = (maxMinutes: number) =>
    createActivityTable({ table, timeoutInMs: 10_000, now: () => NOW, maxMinutes })
  for (let minute = 0; minute < 150; minute++) await storeOf(1).write(minuteAt(NOW - minute * MINUTE))
  const whole = await storeOf(150).read(NOW - 3 * HOUR)
  expect([whole.minutes.length, whole.isCut]).toEqual([150, false])
  const cut = await storeOf(149).read(NOW - 3 * HOUR)
  expect([cut.minutes.length, cut.isCut]).toEqual([121, true])
  expect(Math.min(...cut.minutes.map(({ minuteTimestamp }) => minuteTimestamp))).toBe(NOW - 2 * HOUR)
})

test('nothing is asked for but a day and the hour on either side of it', async () => {
  table = await storage.createTable()
  const store = createActivityTable({ table, timeoutInMs: 10_000, now: () => NOW })
  await store.write(minuteAt(NOW))
  expect(await store.read(0)).toEqual({ minutes: [], isCut: false })
})

test('a table that is not there rejects', async () => {
  table = await storage.createTable()
  await table.deleteTable()
  const store = createActivityTable({ table, timeoutInMs: 10_000, now: () => NOW })
  await expect(store.write(minuteAt(NOW))).rejects.toMatchObject({ statusCode: 404 })
  await expect(store.read(NOW)).rejects.toMatchObject({ statusCode: 404 })
})
