import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { demoUser } from '../../local/demo/demo-tenant.ts'
import { createChunkQueue } from '../../src/adapters/queue/chunk-queue.ts'
import type { DueHint } from '../../src/core/entry/due-index.ts'
import { queueNames } from '../../src/storage-names.ts'
import { seedDirectory, seedEntries } from '../support/due-entries.ts'
import { eventually } from '../support/eventually.ts'
import { onTestFinished } from '../support/on-test-finished.ts'
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

/** The next `count` lines of the event, of whichever process: a line may arrive after the answer to the command. */
function nextSummaries(brokers: readonly BrokerChild[], event: string, count: number) {
  const from = brokers.map(({ lines }) => lines.length)
  const found = () =>
    brokers
      .flatMap(({ lines }, at) => lines.slice(from[at]))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((summary) => summary['event'] === event)
  return async () => {
    await eventually(() => found().length >= count)
    return found()
  }
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
  await createChunkQueue({ queue, timeoutInMs: 30_000 }).put({ horizonTimestamp, hints })
}

test('with more due than REFRESH_FANOUT_ABOVE the timer hands out chunks, and two workers refresh each entry once', async () => {
  const sweeps = nextSummaries([timer], 'refresh_sweep', 1)
  const chunks = nextSummaries(workers, 'refresh_chunk', 3)
  await timer.tick()
  expect(await sweeps()).toMatchObject([{ due: ENTRIES, queued: ENTRIES, refreshed: 0 }])
  expect(processes.entra.calls).toEqual([])
  await drainAll()
  const sizes = (await chunks()).map(({ due, refreshed }) => `${String(refreshed)} of ${String(due)}`)
  expect(sizes.toSorted()).toEqual(['100 of 100', '100 of 100', '50 of 50'])
  await expectEachRefreshedOnce()
})

test('with as many due as REFRESH_FANOUT_ABOVE the timer refreshes them itself', async () => {
  const broker = await processes.start({ REFRESH_FANOUT_ABOVE: String(ENTRIES) })
  onTestFinished(broker.close)
  const sweeps = nextSummaries([broker], 'refresh_sweep', 1)
  await broker.tick()
  expect(await sweeps()).toMatchObject([{ due: ENTRIES, queued: 0, refreshed: ENTRIES }])
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
  const sweeps = nextSummaries([timer], 'refresh_sweep', 2)
  await timer.tick()
  await timer.tick()
  expect(await sweeps()).toMatchObject([
    { due: ENTRIES, queued: ENTRIES, refreshed: 0 },
    { due: ENTRIES, queued: 0, refreshed: 0 },
  ])
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
  onTestFinished(broker.close)
  const sweeps = nextSummaries([broker], 'refresh_sweep', 1)
  await broker.tick()
  expect(await sweeps()).toMatchObject([{ due: ENTRIES, queued: 0, refreshed: ENTRIES }])
  await expectEachRefreshedOnce()
})
