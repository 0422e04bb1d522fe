import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { app } from '@azure/functions'
import { ManagedIdentityCredential } from '@azure/identity'
import { QueueClient } from '@azure/storage-queue'
import { startEmulators, type Emulators } from '../../local/emulators.ts'
import { startFunctionsHost, type FunctionsHost } from '../../local/functions-host/functions-host.ts'
import { trust } from '../support/trust.ts'

let folder: string
let emulators: Emulators
let host: FunctionsHost
let queueUrl: string
const received: unknown[] = []

const queue = (url: string): QueueClient => new QueueClient(url, new ManagedIdentityCredential())

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queue-test-'))
  emulators = await startEmulators({ folder, portBase: 0 })
  trust(emulators.tls)
  Object.assign(process.env, emulators.environment)
  queueUrl = `${emulators.azurite.queueServiceUrl}/refreshchunk`
  host = await startFunctionsHost({
    entry: async () => {
      app.storageQueue('consume', {
        queueName: 'refreshchunk',
        connection: 'DataStorage',
        handler: async (message) => {
          received.push(message)
          if (message === 'bad') throw new Error('no')
        },
      })
    },
    environment: emulators.environment,
    timers: false,
    onLog: () => {},
  })
})

afterAll(async () => {
  await host.close()
  await emulators.close()
  await rm(folder, { recursive: true })
})

test('messages are decoded, and a bad one ends in the poison queue after five tries', async () => {
  for (const text of ['{"a":1}', 'bad']) {
    await queue(queueUrl).sendMessage(Buffer.from(text).toString('base64'))
  }
  expect(await host.drainQueue('consume')).toBe(6)
  expect(received.filter((message) => message !== 'bad')).toEqual([{ a: 1 }])
  expect(received.filter((message) => message === 'bad')).toHaveLength(5)
  const { receivedMessageItems: poisoned } = await queue(`${queueUrl}-poison`).receiveMessages()
  expect(poisoned.map(({ messageText }) => Buffer.from(messageText, 'base64').toString())).toEqual(['bad'])
})
