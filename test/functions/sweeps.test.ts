import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Timer } from '@azure/functions'
import { expect, test } from '@jest/globals'
import type { SweepLimits, SweepSummary } from '../../src/core/pre-refresh/refresh-sweep.ts'
import type { Concern } from '../../src/core/connection/connection-survey.ts'
import type { RefreshTick, TickSummary } from '../../src/core/pre-refresh/refresh-tick.ts'
import { FUNCTION_TIME_LIMIT_IN_MS } from '../../src/functions/function-time-limit.ts'
import { createRefreshChunkHandler } from '../../src/functions/refreshchunk.ts'
import { createRefreshTokensHandler } from '../../src/functions/refreshtokens.ts'
import { createInvocation, INVOCATION_ID } from '../support/invocation.ts'

const NOW = 1_764_000_000_000
const CLEAN: SweepSummary = {
  due: 3,
  refreshed: 2,
  dropped: 1,
  passed: 0,
  failed: {},
  left: 0,
  oldestLagMs: 1500,
}
const MISSES: [string, Partial<SweepSummary>][] = [
  ['a refresh that failed', { failed: { temporarily_unavailable: 1 } }],
  ['an entry that was left', { left: 1 }],
]
const anyDuration = expect.any(Number)

function timer(last?: string, next?: string): Timer {
  const scheduleStatus = last && next ? { last, next, lastUpdated: last } : undefined
  return { isPastDue: false, schedule: { adjustForDST: false }, scheduleStatus } as Timer
}

/** Of the next tick. */
const CONCERNS: Concern[] = []

async function runTimer(tick: RefreshTick, firedBy = timer()) {
  const { context, lines } = createInvocation('refreshtokens')
  const foresight = async () => CONCERNS.splice(0)
  await createRefreshTokensHandler(() => ({ tick, problemsOf: () => [], foresight }))(firedBy, context)
  return lines
}
const ticked = (summary: Partial<SweepSummary>) => (): Promise<TickSummary> =>
  Promise.resolve({ ...CLEAN, queued: 0, waiting: 0, ...summary })

async function runChunk(summary: SweepSummary) {
  const { context, lines } = createInvocation('refreshchunk')
  const swept: [unknown, SweepLimits][] = []
  const handler = createRefreshChunkHandler(() => ({
    sweep: async (hints, limits) => {
      swept.push([hints, limits])
      return summary
    },
    chunkOfMessage: () => ({ horizonTimestamp: NOW + 1, hints: [{ entryKey: 'a', dueTimestamp: NOW }] }),
    now: () => NOW,
  }))
  await handler('a message', context)
  return { lines, swept }
}

test('a clean tick is one line of information with every figure', async () => {
  expect(await runTimer(ticked({}))).toEqual([
    [
      'information',
      {
        event: 'refresh_sweep',
        ...CLEAN,
        queued: 0,
        waiting: 0,
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test.each(MISSES)('%s makes the line a warning', async (_, miss) => {
  const fields = { ...CLEAN, ...miss, durationMs: anyDuration, correlationId: INVOCATION_ID }
  expect(await runTimer(ticked(miss))).toEqual([
    ['warning', { event: 'refresh_sweep', ...fields, queued: 0, waiting: 0 }],
  ])
  expect((await runChunk({ ...CLEAN, ...miss })).lines).toEqual([
    ['warning', { event: 'refresh_chunk', ...fields }],
  ])
})

test('a tick that fails is an error in the log, with its constants alone, and the timer goes on', async () => {
  const fault = Object.assign(new Error('a message that may hold anything'), {
    statusCode: 403,
    code: 'Denied',
  })
  expect(await runTimer(() => Promise.reject(fault))).toEqual([
    [
      'error',
      {
        event: 'refresh_sweep_failed',
        detail: 'Error 403 Denied',
        durationMs: anyDuration,
        correlationId: INVOCATION_ID,
      },
    ],
  ])
})

test.each([
  ['no status', timer(), 60_000],
  ['an hour', timer('2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'), 3_600_000],
  ['a day', timer('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'), 86_400_000],
  ['more than a day, as on the first run', timer('0001-01-01T00:00:00Z', '2026-01-01T00:00:00Z'), 60_000],
  ['a late run', timer('2026-01-01T00:00:59Z', '2026-01-01T00:01:00Z'), 60_000],
])('the tick is told its period and the time limit: %s', async (_, firedBy, periodInMs) => {
  const told: unknown[] = []
  await runTimer((options) => {
    told.push(options)
    return ticked({})()
  }, firedBy)
  expect(told).toEqual([{ periodInMs, timeLimitInMs: 240_000, correlationId: INVOCATION_ID }])
})

test('a chunk is swept within the time limit, and logged in one line', async () => {
  const { lines, swept } = await runChunk(CLEAN)
  expect(swept).toEqual([
    [
      [{ entryKey: 'a', dueTimestamp: NOW }],
      { horizonTimestamp: NOW + 1, endTimestamp: NOW + 240_000, correlationId: INVOCATION_ID },
    ],
  ])
  expect(lines).toEqual([
    [
      'information',
      { event: 'refresh_chunk', ...CLEAN, durationMs: anyDuration, correlationId: INVOCATION_ID },
    ],
  ])
})

test('a message that is no chunk rejects, so that the platform sets it aside', async () => {
  const { context, lines } = createInvocation('refreshchunk')
  const handler = createRefreshChunkHandler(() => ({
    sweep: async () => CLEAN,
    chunkOfMessage: () => {
      throw new RangeError('no chunk')
    },
    now: () => NOW,
  }))
  await expect(handler('?', context)).rejects.toThrow(new RangeError('no chunk'))
  expect(lines).toEqual([])
})

test("the time limit is under the host's own, with a minute to spare", () => {
  const host = JSON.parse(readFileSync(join(import.meta.dirname, '../../host.json'), 'utf8')) as object
  expect(host).toMatchObject({ functionTimeout: '00:05:00' })
  expect(FUNCTION_TIME_LIMIT_IN_MS).toBe(240_000)
})

test('what somebody must see to has a line each, as a warning', async () => {
  CONCERNS.push(
    { name: 'crm-sync', client: 'crm', kind: 'dead', timestamp: NOW, aadsts: 50173 },
    { name: 'new', client: 'crm', kind: 'never_connected', timestamp: NOW },
  )
  const lines = await runTimer(ticked({}))
  expect(lines.slice(0, 2)).toEqual([
    [
      'warning',
      expect.objectContaining({
        event: 'connection_concern',
        connection: 'crm-sync',
        concern: 'dead',
        aadsts: 50173,
      }),
    ],
    [
      'warning',
      expect.objectContaining({ event: 'connection_concern', connection: 'new', concern: 'never_connected' }),
    ],
  ])
})
