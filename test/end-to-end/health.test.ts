import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

const clock = stopClock()
let broker: TestBroker
let tables: StorageGateway
let queues: StorageGateway
beforeAll(async () => {
  broker = await startBroker(async ({ tls, azurite }) => {
    tables = await startStorageGateway(tls, azurite.tableServiceUrl)
    queues = await startStorageGateway(tls, azurite.queueServiceUrl)
    return { TABLE_SERVICE_URL: tables.url, DataStorage__queueServiceUri: queues.url }
  })
})
afterAll(async () => {
  await broker.close()
  await Promise.all([tables.close(), queues.close()])
})
beforeEach(async () => {
  clock.advance(3600)
  await broker.restart()
  await broker.reset()
  tables.reset()
  queues.reset()
})

const ready = async () => {
  const { status, json } = await broker.call('/ready')
  return [status, json]
}
const OK = { key_vault: 'ok', default_client: 'ok', tables: 'ok', queue: 'ok' }
const READY = { status: 'ready', checks: OK }

test('health answers without asking anyone', async () => {
  const { status, text } = await broker.call('/health')
  expect([status, text]).toEqual([200, '{"status":"ok"}'])
  expect([broker.keyVault.calls, broker.entra.calls, tables.calls, queues.calls]).toEqual([[], [], [], []])
})

test('ready tells a vault that is down from a profile that is wrong, and recovery needs nothing', async () => {
  broker.keyVault.disableSecret('client-default')
  await broker.restart()
  expect(await ready()).toEqual([
    503,
    {
      status: 'not ready',
      checks: { ...OK, default_client: 'misconfigured' },
      problems: ['default_client: Key Vault: secret client-default: is disabled'],
    },
  ])
  broker.keyVault.enableSecret('client-default')
  broker.keyVault.fault = { kind: 'status', status: 503 }
  await broker.restart()
  expect(await ready()).toEqual([
    503,
    {
      status: 'not ready',
      checks: { ...OK, default_client: 'unavailable', key_vault: 'unavailable' },
      problems: [
        expect.stringMatching(
          /^key_vault: Key Vault: secret token-cache-(encryption|index)-key: RestError 503 ServiceUnavailable$/,
        ),
        expect.stringMatching(
          /^default_client: Key Vault: secret client-default: RestError 503 ServiceUnavailable$/,
        ),
      ],
    },
  ])
  broker.keyVault.fault = undefined
  clock.advance(31)
  expect(await ready()).toEqual([200, READY])
})

test('ready asks everyone once in 15 seconds', async () => {
  expect(await Promise.all([ready(), ready(), ready()])).toEqual([
    [200, READY],
    [200, READY],
    [200, READY],
  ])
  tables.fault = { kind: 'status', status: 503 }
  queues.fault = { kind: 'status', status: 503 }
  const calls = () => [tables.calls.length, queues.calls.length]
  const callsBefore = calls()
  clock.advance(14)
  expect(await ready()).toEqual([200, READY])
  expect(calls()).toEqual(callsBefore)
  clock.advance(1)
  expect(await ready()).toEqual([
    503,
    {
      status: 'not ready',
      checks: { ...OK, tables: 'unavailable', queue: 'unavailable' },
      problems: ['tables: RestError 503', 'queue: RestError 503'],
    },
  ])
  expect(broker.logged('not_ready').at(-1)).toMatchObject({
    detail: expect.stringMatching(/^tables: RestError/),
  })
})

test('when the managed identity is refused, each dependency says so in the words of the credential', async () => {
  await broker.restart({ IDENTITY_ENDPOINT: `${broker.defaults['IDENTITY_ENDPOINT']}/nothing` })
  const refused = 'AggregateAuthenticationError CredentialUnavailableError ServerError'
  expect(await ready()).toEqual([
    503,
    {
      status: 'not ready',
      checks: {
        key_vault: 'unavailable',
        default_client: 'unavailable',
        tables: 'unavailable',
        queue: 'unavailable',
      },
      problems: [
        expect.stringMatching(
          `^key_vault: Key Vault: secret token-cache-(encryption|index)-key: ${refused}$`,
        ),
        `default_client: Key Vault: secret client-default: ${refused}`,
        `tables: ${refused}`,
        `queue: ${refused}`,
      ],
    },
  ])
})
