import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

/** The broker's clock stands still in the past; the `Date` of an HTTP answer is Node.js's own, and goes on. */
const clock = stopClock()
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker(() => ({ PUBLIC_URL: 'https://broker.contoso.example' }))
})
afterAll(() => broker.close())

test('a clock that is wrong and a timer that does not run are told', async () => {
  expect((await broker.requestToken()).status).toBe(200)
  clock.advance(2 * 3600)
  const { json } = await broker.call('/doctor')
  const failed = (json['checks'] as Record<string, unknown>[]).filter(({ status }) => status === 'failed')
  expect(json['ok']).toBe(false)
  expect(failed).toEqual([
    {
      check: 'clock',
      status: 'failed',
      finding: 'clock_differs',
      detail: expect.stringMatching(/^\d{8,} s$/),
      remedy: expect.stringMatching(/^The machine's clock/),
    },
    {
      check: 'timer',
      status: 'failed',
      finding: 'lags',
      // Due ten minutes before its end, an hour after it was new.
      detail: '70 min',
      remedy: expect.stringMatching(/refresh_sweep/),
    },
  ])
})
