import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { demoUser } from '../../local/demo/demo-tenant.ts'
import { createChunkQueue } from '../../src/adapters/queue/chunk-queue.ts'
import type { DueHint } from '../../src/core/entry/due-index.ts'
import { queueNames } from '../../src/storage-names.ts'
import { seedDirectory, seedEntries } from '../support/due-entries.ts'
import { startProcesses, type BrokerChild, type Processes } from '../support/processes.ts'

const ENTRIES = 250
/** The life of a token less the threshold. */
const UNTIL_DUE_IN_SECONDS = 3599 - 600

let processes: Processes
let timer: BrokerChild
let workers: BrokerChild[]
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const directory = await seedDirectory(folder, ENTRIES - 1)
  processes = await startProcesses({
    folder,
    settings: { STORAGE_TIMEOUT: '30', IDENTITY_PROVIDER_TIMEOUT: '60' },
  })
  ;[timer, ...workers] = await Promise.all([
    processes.start({ REFRESH_FANOUT_ABOVE: String(ENTRIES - 1) }),
    processes.start(),
    processes.start(),
  ])
  await timer.requestToken(demoUser)
  await seedEntries(processes, directory)
})
afterAll(() => processes.close())
beforeEach(async () => {
  await processes.advance(UNTIL_DUE_IN_SECONDS)
  processes.entra.calls.length = 0
})

/** What a process logged of its sweeps since the last look. */
function summariesOf(broker: BrokerChild, event: string): Record<string, unknown>[] {
  const all = broker.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return all.filter((summary) => summary['event'] === event)
}

const drainAll = () => Promise.all(workers.map((worker) => worker.drain()))

async function expectEachRefreshedOnce(): Promise<void> {
  expect(new Set(processes.entra.calls.map(({ username }) => username)).size).toBe(ENTRIES)
  expect(processes.entra.calls).toHaveLength(ENTRIES)
  const dueTimestamp = processes.now() + UNTIL_DUE_IN_SECONDS * 1000
  const hints = await processes.allHints()
  expect(hints.filter((hint) => hint.dueTimestamp !== dueTimestamp)).toEqual([])
  expect(hints).toHaveLength(ENTRIES)
}

async function putChunk(hints: readonly DueHint[]): Promise<void> {
  const queue = processes.queueOf(queueNames.refreshChunk)
  const horizonTimestamp = processes.now() + 120_000
  await createChunkQueue({ queue, timeoutInMs: 10_000 }).put({ horizonTimestamp, hints })
}

test('with more due than REFRESH_FANOUT_ABOVE the timer hands out chunks, and two workers refresh each entry once', async () => {
  await timer.tick()
  expect(summariesOf(timer, 'refresh_sweep').at(-1)).toMatchObject({
    due: ENTRIES,
    queued: ENTRIES,
    refreshed: 0,
  })
  expect(processes.entra.calls).toEqual([])
  await drainAll()
  const chunks = workers.flatMap((worker) => summariesOf(worker, 'refresh_chunk'))
  const sizes = chunks.map(({ due, refreshed }) => `${String(refreshed)} of ${String(due)}`)
  expect(sizes.toSorted()).toEqual(['100 of 100', '100 of 100', '50 of 50'])
  await expectEachRefreshedOnce()
})

test('with as many due as REFRESH_FANOUT_ABOVE the timer refreshes them itself', async () => {
  const broker = await processes.start({ REFRESH_FANOUT_ABOVE: String(ENTRIES) })
  await broker.tick()
  expect(summariesOf(broker, 'refresh_sweep')).toMatchObject([
    { due: ENTRIES, queued: 0, refreshed: ENTRIES },
  ])
  await broker.close()
  await expectEachRefreshedOnce()
})

test('a chunk that is delivered twice, at once and again later, refreshes nothing twice', async () => {
  const hints = await processes.allHints()
  for (let at = 0; at < ENTRIES; at += 100) {
    await putChunk(hints.slice(at, at + 100))
    await putChunk(hints.slice(at, at + 100))
  }
  await drainAll()
  await putChunk(hints.slice(0, 100))
  await drainAll()
  await expectEachRefreshedOnce()
})

test('a tick that finds its chunks still waiting puts none in again', async () => {
  await timer.tick()
  await timer.tick()
  expect(summariesOf(timer, 'refresh_sweep').at(-1)).toMatchObject({ due: ENTRIES, queued: 0, refreshed: 0 })
  const { approximateMessagesCount } = await processes.queueOf(queueNames.refreshChunk).getProperties()
  expect(approximateMessagesCount).toBe(3)
  await drainAll()
  await expectEachRefreshedOnce()
})

test('a message that is no chunk ends in the poison queue, and keeps no other from being worked on', async () => {
  const text = Buffer.from('{"horizon":"soon"}').toString('base64')
  await processes.queueOf(queueNames.refreshChunk).sendMessage(text)
  await timer.tick()
  await drainAll()
  const poison = processes.queueOf(`${queueNames.refreshChunk}-poison`)
  const { peekedMessageItems } = await poison.peekMessages()
  expect(peekedMessageItems.map(({ messageText }) => messageText)).toEqual([text])
  await expectEachRefreshedOnce()
})

test('while the queue cannot be reached the timer refreshes everything itself', async () => {
  const broker = await processes.start({
    REFRESH_FANOUT_ABOVE: '1',
    DataStorage__queueServiceUri: 'https://localhost:1/devstoreaccount1',
  })
  await broker.tick()
  expect(summariesOf(broker, 'refresh_sweep')).toMatchObject([
    { due: ENTRIES, queued: 0, refreshed: ENTRIES },
  ])
  await broker.close()
  await expectEachRefreshedOnce()
})
