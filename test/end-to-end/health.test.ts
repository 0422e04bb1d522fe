import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())

const ready = async () => {
  const { status, json } = await broker.call('/ready')
  return [status, json]
}
const OK = { key_vault: 'ok', default_client: 'ok', tables: 'ok', queue: 'ok' }
const READY = { status: 'ready', checks: OK }

// First, because reads that a fault made a restarted broker repeat may still be under way in the later tests.
test('health answers without asking anyone', async () => {
  const { status, text } = await broker.call('/health')
  expect([status, text]).toEqual([200, '{"status":"ok"}'])
  expect([broker.keyVault.calls, broker.entra.calls]).toEqual([[], []])
})

test('each dependency is told apart', async () => {
  const profile = broker.keyVault.currentValue('client-default') ?? ''
  broker.keyVault.setSecret('client-default', '{}')
  await broker.restart()
  expect(await ready()).toEqual([
    503,
    { status: 'not ready', checks: { ...OK, default_client: 'misconfigured' } },
  ])
  broker.keyVault.setSecret('client-default', profile)
  broker.keyVault.fault = { kind: 'status', status: 503 }
  await broker.restart()
  expect(await ready()).toEqual([
    503,
    { status: 'not ready', checks: { ...OK, default_client: 'unavailable', key_vault: 'unavailable' } },
  ])
  broker.keyVault.fault = undefined
  await broker.restart()
})

test('ready asks everyone once in 15 seconds', async () => {
  expect(await Promise.all([ready(), ready(), ready()])).toEqual([
    [200, READY],
    [200, READY],
    [200, READY],
  ])
  await broker.azurite.close()
  expect(await ready()).toEqual([200, READY])
  clock.advance(15)
  expect(await ready()).toEqual([
    503,
    { status: 'not ready', checks: { ...OK, tables: 'unavailable', queue: 'unavailable' } },
  ])
  expect(broker.logged('not_ready').at(-1)).toMatchObject({
    detail: expect.stringMatching(/^tables: RestError/),
  })
})
