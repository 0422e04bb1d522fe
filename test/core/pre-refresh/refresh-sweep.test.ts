import { describe, expect, test } from '@jest/globals'
import { BrokerError } from '../../../src/core/broker-error.ts'
import type { SweepSummary } from '../../../src/core/pre-refresh/refresh-sweep.ts'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY
const KEY = 'entry of u in default'
const DUE = 50 * MINUTE
const HINT = { entryKey: KEY, dueTimestamp: NOW + DUE }

const PASSING = refusalOf({
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'unknown',
  detail: 'down',
})
const DEAD = refusalOf({ category: 'dead_grant', detail: 'dead' })
const DOWN = Object.assign(new Error('a message'), { statusCode: 503 })
const NOTHING = { due: 1, refreshed: 0, dropped: 0, passed: 0, failed: {}, left: 0, oldestLagMs: 0 }

interface Row {
  /** Since the user signed in; due are 50 min. */
  readonly afterInMs?: number
  readonly given?: (stage: CoreStage) => unknown
  readonly horizonInMs?: number
  readonly summary: Partial<SweepSummary>
  /** Of the identity provider. */
  readonly asked?: readonly string[]
  /** On the entry store. */
  readonly operations: readonly string[]
  /** When the entry is due after the sweep; milliseconds since the user signed in. */
  readonly due: readonly number[]
  readonly isForgotten?: boolean
}

async function judge({ afterInMs = DUE, given, horizonInMs }: Row) {
  const stage = createCoreStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(afterInMs)
  await given?.(stage)
  stage.forgetHistory()
  const summary = await stage.sweep(core, [HINT], horizonInMs === undefined ? {} : { horizonInMs })
  return {
    summary,
    asked: [...stage.asked],
    operations: [...stage.operations],
    due: (await stage.hints()).map(([, dueInMs]) => dueInMs),
    isForgotten: (await stage.table.read(KEY)) === undefined,
  }
}

const expectedOf = ({ afterInMs = DUE, summary, asked = [], operations, due, isForgotten = false }: Row) => ({
  summary: { ...NOTHING, oldestLagMs: Math.max(0, afterInMs - DUE), ...summary },
  asked,
  operations,
  due,
  isForgotten,
})

const change =
  (fields: { client?: string; serializedCache?: string }) =>
  async ({ table }: CoreStage) => {
    const stored = await table.read(KEY)
    if (!stored?.entry) throw new Error('no entry')
    await table.write(KEY, { ...stored.entry, ...fields }, NOW, stored.etag)
  }
const reading =
  (as: (stored: object) => unknown) =>
  (stage: CoreStage): void => {
    stage.storeFault = async (operation, apply) => {
      const result = await apply()
      return operation === 'read' ? as(result as object) : result
    }
  }
const failing =
  (name: string) =>
  (stage: CoreStage): void => {
    stage.storeFault = (operation, apply) => (operation === name ? Promise.reject(DOWN) : apply())
  }

describe('an entry', () => {
  test.each<[string, Row]>([
    [
      'that is due is refreshed under a lease, and its hint replaced',
      {
        summary: { refreshed: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
        due: [100 * MINUTE],
      },
    ],
    [
      'that is due at the horizon is refreshed',
      {
        afterInMs: DUE - 2 * MINUTE,
        horizonInMs: 2 * MINUTE,
        summary: { refreshed: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
        due: [98 * MINUTE],
      },
    ],
    [
      'that is due after the horizon is not',
      {
        afterInMs: DUE - 2 * MINUTE,
        horizonInMs: 2 * MINUTE - 1,
        summary: { passed: 1 },
        operations: ['read'],
        due: [DUE],
      },
    ],
    [
      'whose hint has its time right costs no write to the index',
      {
        afterInMs: 20 * MINUTE,
        given: async ({ dueIndex }) => dueIndex.remove(HINT),
        summary: { passed: 1 },
        operations: ['read'],
        due: [],
      },
    ],
    [
      'that has a quarter of its life behind it is refreshed',
      {
        afterInMs: 15 * MINUTE,
        horizonInMs: HOUR,
        summary: { refreshed: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
        due: [65 * MINUTE],
      },
    ],
    [
      'that is younger is not',
      {
        afterInMs: 15 * MINUTE - 1,
        horizonInMs: HOUR,
        summary: { passed: 1 },
        operations: ['read'],
        due: [DUE],
      },
    ],
    [
      'that another instance has under its hands is passed by, and keeps its hint',
      {
        given: async ({ table, now }) => {
          const stored = await table.read(KEY)
          await table.mark(KEY, { leasedUntilTimestamp: now() + 1 }, stored?.etag ?? '')
        },
        summary: { passed: 1 },
        operations: ['read'],
        due: [DUE],
      },
    ],
    [
      'that another instance changes meanwhile is passed by, and keeps its hint',
      {
        given: (stage) => {
          stage.beforeAnswer = async () => change({})(stage)
        },
        summary: { passed: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
        due: [DUE, 100 * MINUTE],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(expectedOf(row))
  })
})

describe('an entry of no further use', () => {
  test.each<[string, Row]>([
    [
      'that nobody has used for a week is dropped',
      {
        afterInMs: WEEK,
        summary: { dropped: 1 },
        operations: ['read', 'remove'],
        due: [],
        isForgotten: true,
      },
    ],
    [
      'that somebody used a moment less ago waits for its end: its password is too old',
      { afterInMs: WEEK - 1, summary: { passed: 1 }, operations: ['read'], due: [WEEK] },
    ],
    [
      'that somebody changes before it is dropped stays',
      {
        afterInMs: WEEK,
        given: (stage) => {
          stage.storeFault = async (operation, apply) => {
            const result = await apply()
            if (operation === 'read') await change({})(stage)
            return result
          }
        },
        summary: { passed: 1 },
        operations: ['read', 'remove'],
        due: [DUE],
      },
    ],
    [
      'whose profile is gone is dropped',
      {
        given: (stage) => (stage.profileOf = () => Promise.reject(new BrokerError('unknown_client'))),
        summary: { dropped: 1 },
        operations: ['read', 'remove'],
        due: [],
        isForgotten: true,
      },
    ],
    [
      'whose profile cannot be had stays as it is',
      {
        given: (stage) =>
          (stage.profileOf = () => Promise.reject(new BrokerError('temporarily_unavailable'))),
        summary: { failed: { temporarily_unavailable: 1 } },
        operations: ['read'],
        due: [DUE],
      },
    ],
    [
      'that nobody uses is dropped although its profile cannot be had',
      {
        afterInMs: WEEK,
        given: (stage) =>
          (stage.profileOf = () => Promise.reject(new BrokerError('temporarily_unavailable'))),
        summary: { dropped: 1 },
        operations: ['read', 'remove'],
        due: [],
        isForgotten: true,
      },
    ],
    [
      'of another fingerprint is not refreshed, and looked at again at its end',
      {
        given: (stage) => (stage.profileOf = async (name) => ({ ...PROFILE, name, fingerprint: 'f2' })),
        summary: { passed: 1 },
        operations: ['read'],
        due: [WEEK],
      },
    ],
    [
      'without a token is not refreshed either',
      {
        given: change({ serializedCache: '{}' }),
        summary: { passed: 1 },
        operations: ['read'],
        due: [WEEK],
      },
    ],
    [
      'whose password is as old as it may be is not refreshed',
      { afterInMs: DAY, summary: { passed: 1 }, operations: ['read'], due: [WEEK] },
    ],
    [
      'whose password is a moment younger is refreshed',
      {
        afterInMs: DAY - 1,
        summary: { refreshed: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
        due: [DAY + DUE - 1],
      },
    ],
    [
      'whose grant is dead is dropped',
      {
        given: ({ faults }) => (faults.refresh_token = DEAD),
        summary: { dropped: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'mark', 'remove'],
        due: [],
        isForgotten: true,
      },
    ],
    [
      'whose grant is dead stays when somebody else has written meanwhile',
      {
        given: (stage) => {
          stage.faults.refresh_token = DEAD
          stage.beforeAnswer = async () => change({})(stage)
        },
        summary: { passed: 1 },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'mark'],
        due: [DUE],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(expectedOf(row))
  })
})

describe('a hint', () => {
  const remove = async ({ table }: CoreStage) => {
    const stored = await table.read(KEY)
    await table.remove(KEY, stored?.etag ?? '')
  }
  test.each<[string, Row]>([
    [
      'without an entry stays until its time: the entry may be on its way',
      {
        afterInMs: DUE - 1,
        given: remove,
        summary: { passed: 1 },
        operations: ['read'],
        due: [DUE],
        isForgotten: true,
      },
    ],
    [
      'without an entry goes when its time has come',
      { given: remove, summary: { dropped: 1 }, operations: ['read'], due: [], isForgotten: true },
    ],
    [
      'of a row that may open later stays',
      {
        given: reading((stored) => ({ ...stored, entry: undefined, mayOpenLater: true })),
        summary: { failed: { stored_token_unreadable: 1 } },
        operations: ['read'],
        due: [DUE],
      },
    ],
    [
      'of a row that will never open goes, and the row stays for the next request',
      {
        given: reading((stored) => ({ ...stored, entry: undefined, mayOpenLater: false })),
        summary: { dropped: 1 },
        operations: ['read'],
        due: [],
      },
    ],
    [
      'of a row that cannot be read stays',
      {
        given: failing('read'),
        summary: { failed: { 'Error 503': 1 } },
        operations: ['read'],
        due: [DUE],
      },
    ],
    [
      'stays when the store grants no lease: nobody waits for this refresh',
      {
        given: failing('mark'),
        summary: { failed: { 'Error 503': 1 } },
        operations: ['read', 'mark'],
        due: [DUE],
      },
    ],
    [
      'comes again later when the tokens could not be stored',
      {
        given: failing('write'),
        summary: { failed: { token_not_stored: 1 } },
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
        due: [DUE + 30_000, 100 * MINUTE],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(expectedOf(row))
  })
})

describe('after a passing failure', () => {
  const postponedBy = async (failures: number, random: number, retryAfterInMs?: number) => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.pass(DUE)
    const stored = await stage.table.read(KEY)
    await stage.table.mark(KEY, { failures }, stored?.etag ?? '')
    stage.random = random
    stage.faults.refresh_token = { ...PASSING, retryAfterInMs }
    const { failed } = await stage.sweep(core, [HINT])
    expect(failed).toEqual({ temporarily_unavailable: 1 })
    expect(await stage.table.read(KEY)).toMatchObject({ failures: failures + 1, leasedUntilTimestamp: 0 })
    const [[, dueInMs]] = (await stage.hints()) as [[string, number]]
    return (dueInMs - DUE) / 1000
  }

  test.each([
    [0, 60],
    [1, 120],
    [5, 1920],
    [6, 3600],
    [50, 3600],
  ])('with %i before it the entry is left alone for %i s at most', async (failures, timeInS) => {
    expect(await postponedBy(failures, 1)).toBe(timeInS)
  })

  test.each([
    [0, 30],
    [0.25, 37.5],
    [0.5, 45],
    [1, 60],
  ])('chance spreads the next tries: at %d it is %d s', async (random, timeInS) => {
    expect(await postponedBy(0, random)).toBe(timeInS)
  })

  test.each([
    ['less than the pause', 10_000, 60],
    ['more than the pause', 61_000, 61],
    ['an hour', HOUR, 3600],
    ['more than an hour', HOUR + 1, 3600],
  ])('a Retry-After of %s', async (_, retryAfterInMs, timeInS) => {
    expect(await postponedBy(0, 1, retryAfterInMs)).toBe(timeInS)
  })
})

test('while the identity provider is left alone nothing is written, and the hint stays for the next tick', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(DUE)
  stage.faults.refresh_token = { ...PASSING, scope: 'account' }
  await stage.sweep(core, [HINT])
  await stage.dueIndex.add(HINT)
  stage.forgetHistory()
  expect(await stage.sweep(core, [HINT])).toEqual({ ...NOTHING, failed: { held_back: 1 } })
  expect([stage.asked, stage.operations]).toEqual([[], ['read']])
  expect(await stage.hints()).toContainEqual([KEY, DUE])
})

test('a refresh by the timer is no use of the entry, and ends its failures', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(DUE)
  const stored = await stage.table.read(KEY)
  await stage.table.mark(KEY, { failures: 3 }, stored?.etag ?? '')
  await stage.sweep(core, [HINT])
  expect(await stage.table.read(KEY)).toMatchObject({ lastUsedTimestamp: NOW, failures: 0 })
})

test('when its time is up the rest is left, and its hints stay', async () => {
  const stage = createCoreStage({ refreshConcurrency: 1 })
  const core = stage.instance()
  for (const username of ['u', 'v', 'w']) await stage.ask(core, { username })
  stage.pass(DUE)
  stage.beforeAnswer = async () => stage.pass(1_000)
  const hints = ['u', 'v', 'w'].map((name) => ({ ...HINT, entryKey: `entry of ${name} in default` }))
  expect(await stage.sweep(core, hints, { endInMs: 2_000 })).toEqual({
    ...NOTHING,
    due: 3,
    refreshed: 2,
    left: 1,
  })
})

test('no more are refreshed at once than the instance may, over all chunks', async () => {
  const stage = createCoreStage({ refreshConcurrency: 3 })
  const core = stage.instance()
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const username of names) await stage.ask(core, { username })
  stage.pass(DUE)
  let atOnce = 0
  let most = 0
  stage.beforeAnswer = async () => {
    most = Math.max(most, ++atOnce)
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    atOnce--
  }
  const hints = names.map((name) => ({ ...HINT, entryKey: `entry of ${name} in default` }))
  const summaries = await Promise.all([
    stage.sweep(core, hints.slice(0, 3)),
    stage.sweep(core, hints.slice(3)),
  ])
  expect(summaries.map(({ refreshed }) => refreshed)).toEqual([3, 3])
  expect(most).toBe(3)
})

test('several hints of one entry are one refresh', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(DUE)
  const early = { ...HINT, dueTimestamp: NOW + DUE - 2_000 }
  await stage.dueIndex.add(early)
  stage.forgetHistory()
  expect(await stage.sweep(core, [early, HINT])).toEqual({
    ...NOTHING,
    due: 2,
    refreshed: 1,
    passed: 1,
    oldestLagMs: 2_000,
  })
  expect(stage.asked).toEqual(['refresh_token'])
  expect(await stage.hints()).toEqual([[KEY, 100 * MINUTE]])
})

test("one entry's fault is not the others', and failures are counted by their cause", async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  for (const username of ['a', 'b', 'c', 'd']) await stage.ask(core, { username })
  stage.pass(DUE)
  let reads = 0
  stage.storeFault = async (operation, apply) => {
    if (operation !== 'read') return apply()
    reads++
    if (reads <= 2) throw DOWN
    if (reads === 3) throw new BrokerError('misconfigured')
    return apply()
  }
  const hints = ['a', 'b', 'c', 'd'].map((name) => ({ ...HINT, entryKey: `entry of ${name} in default` }))
  expect(await stage.sweep(core, hints)).toEqual({
    ...NOTHING,
    due: 4,
    refreshed: 1,
    failed: { 'Error 503': 2, misconfigured: 1 },
  })
})

test('a sweep of nothing is nothing', async () => {
  const stage = createCoreStage()
  expect(await stage.sweep(stage.instance(), [])).toEqual({ ...NOTHING, due: 0 })
})
