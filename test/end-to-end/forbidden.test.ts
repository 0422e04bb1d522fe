import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

/** A right that is missing does not come back by waiting: it must be seen by whoever runs the broker. */
const clock = stopClock()
let broker: TestBroker
let tables: StorageGateway
beforeAll(async () => {
  broker = await startBroker(async ({ tls, azurite }) => {
    tables = await startStorageGateway(tls, azurite.tableServiceUrl)
    return { TABLE_SERVICE_URL: tables.url }
  })
})
afterAll(async () => {
  await broker.close()
  await tables.close()
})
beforeEach(async () => {
  clock.advance(3600)
  await broker.restart()
  await broker.reset()
  tables.reset()
})

const failingChecks = async () => {
  const { status, json } = await broker.call('/ready')
  const checks = Object.entries(json['checks'] as Record<string, string>)
  return [status, checks.filter(([, word]) => word !== 'ok').map(([name]) => name)]
}

test('Key Vault answers 403 and no good version is known: 503, and /ready and the log name it', async () => {
  broker.keyVault.fault = { kind: 'status', status: 403, body: { error: { code: 'Forbidden' } } }
  const { status, json } = await broker.requestToken()
  expect([status, json['error']]).toEqual([503, 'temporarily_unavailable'])
  expect(await failingChecks()).toEqual([503, ['key_vault', 'default_client']])
  expect(broker.logged('not_ready').at(-1)?.['detail']).toMatch(/403/)
})

test('the tables answer 403: tokens come with a warning, and /ready and the log name them', async () => {
  tables.fault = { kind: 'status', status: 403, body: { 'odata.error': { code: 'AuthorizationFailure' } } }
  const { status, json } = await broker.requestToken()
  expect([status, (json['warnings'] as string[]).map((warning) => warning.split(':')[0])]).toEqual([
    200,
    ['token_store_unavailable', 'refusals_not_shared', 'token_not_stored'],
  ])
  expect(await failingChecks()).toEqual([503, ['tables']])
  expect(broker.logged('not_ready').at(-1)?.['detail']).toMatch(/403/)
})
