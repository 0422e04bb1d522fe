import { describe, expect, test } from '@jest/globals'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const KEY = 'entry of u in default'
const LEASE_IN_MS = 19_000
/** Since the user signed in. */
const DUE = 50 * MINUTE
const PASSING = refusalOf({
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'unknown',
  detail: 'down',
})
const EXISTING = 'token 1, returned existing token, store'
const NOT_RENEWED = `${EXISTING}, identity_provider_unavailable (another instance has not finished)`

async function createStageWithDueEntry() {
  const stage = createCoreStage()
  await stage.ask(stage.instance())
  stage.pass(DUE)
  stage.forgetHistory()
  return stage
}

async function leaseUntil(stage: CoreStage, leasedUntilTimestamp: number): Promise<void> {
  const stored = await stage.table.read(KEY)
  await stage.table.mark(KEY, { leasedUntilTimestamp }, stored?.etag ?? '')
}

/** As another instance does: a new etag and no lease. */
async function storeToken(stage: CoreStage, value: string, lifetimeInMs: number): Promise<void> {
  const stored = await stage.table.read(KEY)
  if (!stored?.entry) throw new Error('no entry')
  const [acquiredOnTimestamp, expiresOnTimestamp] = [stage.now(), stage.now() + lifetimeInMs]
  const serializedCache = stage.cacheOf({ value, acquiredOnTimestamp, expiresOnTimestamp })
  await stage.table.write(KEY, { ...stored.entry, serializedCache }, stage.now(), stored.etag)
}

describe('a lease', () => {
  test.each([
    ['of long ago does not hold', -MINUTE, ['refresh_token']],
    ['that ends now does not hold', 0, ['refresh_token']],
    ['that ends in a moment holds', 1, []],
    ['that was just taken holds', LEASE_IN_MS, []],
    ["of twice its length holds: the other's clock may be ahead", 2 * LEASE_IN_MS, []],
    ['that is longer was taken by a wrong clock, and does not hold', 2 * LEASE_IN_MS + 1, ['refresh_token']],
  ])('%s', async (_, aheadInMs, asked) => {
    const stage = await createStageWithDueEntry()
    await leaseUntil(stage, stage.now() + aheadInMs)
    const hint = { entryKey: KEY, dueTimestamp: NOW + DUE }
    const { refreshed, passed } = await stage.sweep(stage.instance(), [hint])
    expect([refreshed, passed]).toEqual(asked.length > 0 ? [1, 0] : [0, 1])
    expect(stage.asked).toEqual(asked)
  })

  test('is taken for its length before the identity provider is asked, and over with the answer', async () => {
    const stage = await createStageWithDueEntry()
    let during: number | undefined
    stage.beforeAnswer = async () => void (during = (await stage.table.read(KEY))?.leasedUntilTimestamp)
    await stage.ask(stage.instance())
    expect(during).toBe(NOW + DUE + LEASE_IN_MS)
    expect(await stage.table.read(KEY)).toMatchObject({ leasedUntilTimestamp: 0, failures: 0 })
  })

  test('is given back after a failure, which counts', async () => {
    const stage = await createStageWithDueEntry()
    stage.faults.refresh_token = PASSING
    await stage.ask(stage.instance())
    expect(await stage.table.read(KEY)).toMatchObject({ leasedUntilTimestamp: 0, failures: 1 })
  })

  test('is given back after a fault that nobody foresaw, which stays what it is', async () => {
    const stage = await createStageWithDueEntry()
    stage.faults.refresh_token = new RangeError('unforeseen')
    await expect(stage.ask(stage.instance())).rejects.toThrow(new RangeError('unforeseen'))
    expect(await stage.table.read(KEY)).toMatchObject({ leasedUntilTimestamp: 0, failures: 1 })
  })

  test('that cannot be given back costs no answer', async () => {
    const stage = await createStageWithDueEntry()
    stage.faults.refresh_token = PASSING
    let marks = 0
    stage.storeFault = (operation, apply) =>
      operation === 'mark' && ++marks === 2 ? Promise.reject(new Error('down')) : apply()
    expect(await stage.ask(stage.instance())).toBe(`${EXISTING}, identity_provider_unavailable (down)`)
  })

  test('is not taken for who is held back, whose failures stay as they were', async () => {
    const stage = await createStageWithDueEntry()
    const core = stage.instance()
    stage.faults.refresh_token = { ...PASSING, scope: 'account' }
    await stage.ask(core)
    stage.forgetHistory()
    // Memory serves no token that is due.
    expect(await stage.ask(core)).toBe(`${EXISTING}, identity_provider_unavailable (held_back down)`)
    expect([stage.asked, stage.operations]).toEqual([[], ['read']])
    expect(await stage.table.read(KEY)).toMatchObject({ failures: 1 })
  })

  test('of two instances that read the same row one gets it, and both the same token', async () => {
    const stage = await createStageWithDueEntry()
    stage.beforeAnswer = async () => {
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    }
    stage.onDelay = () => new Promise(setImmediate)
    const answers = await Promise.all([stage.instance(), stage.instance()].map((core) => stage.ask(core)))
    expect(answers.toSorted()).toEqual([
      'token 2, refreshed existing token, identity_provider',
      'token 2, returned existing token, store',
    ])
    expect(stage.asked).toEqual(['refresh_token'])
  })
})

describe('who waits for another instance', () => {
  /** Another instance holds the lease; `others` happens before the look of this number. */
  async function waitFor(others: Record<number, (stage: CoreStage) => unknown>, leaseInMs = LEASE_IN_MS) {
    const stage = await createStageWithDueEntry()
    await leaseUntil(stage, stage.now() + leaseInMs)
    stage.onDelay = async () => void (await others[stage.delays.length]?.(stage))
    const answer = await stage.ask(stage.instance())
    return { answer, delays: stage.delays, asked: stage.asked }
  }

  test('looks every 100 ms, and gets its token', async () => {
    const { answer, delays, asked } = await waitFor({
      3: (stage) => storeToken(stage, 'of the other', 60 * MINUTE),
    })
    expect(answer).toBe('of the other, returned existing token, store')
    expect([delays, asked]).toEqual([[100, 100, 100], []])
  })

  test('waits for 3 s, and gets the old token with a warning', async () => {
    const { answer, delays, asked } = await waitFor({})
    expect(answer).toBe(NOT_RENEWED)
    expect([delays.length, asked]).toEqual([30, []])
  })

  test('waits no longer when its clock jumps', async () => {
    const { answer, delays } = await waitFor({ 2: (stage) => stage.pass(2_800) })
    expect([answer, delays.length]).toEqual([NOT_RENEWED, 2])
  })

  test('looks no more than thirty times when its clock is set back', async () => {
    const { answer, delays } = await waitFor({ 10: (stage) => stage.pass(-10_000) }, 2 * LEASE_IN_MS - 10_000)
    expect([answer, delays.length]).toEqual([NOT_RENEWED, 30])
  })

  test('refreshes itself when the other has given the lease back without a token', async () => {
    const { answer, asked } = await waitFor({ 1: (stage) => leaseUntil(stage, 0) })
    expect(answer).toBe('token 2, refreshed existing token, identity_provider')
    expect(asked).toEqual(['refresh_token'])
  })

  test('waits again, once, when a third instance is at it by then', async () => {
    const { answer, asked, delays } = await waitFor({
      1: (stage) => {
        // The row changes between the look and the lease.
        stage.storeFault = async (operation, apply) => {
          if (operation === 'mark') await storeToken(stage, 'short', 2)
          return apply()
        }
        return leaseUntil(stage, 0)
      },
      2: (stage) => storeToken(stage, 'of a third', 60 * MINUTE),
    })
    expect(answer).toBe('of a third, returned existing token, store')
    expect([asked, delays.length]).toEqual([[], 2])
  })

  test('gives up when the row has changed twice and its token is still near its end', async () => {
    const { answer, asked } = await waitFor({
      1: (stage) => {
        stage.storeFault = async (operation, apply) => {
          if (operation === 'mark') await leaseUntil(stage, 0)
          return apply()
        }
        return leaseUntil(stage, 0)
      },
    })
    expect([answer, asked]).toEqual([NOT_RENEWED, []])
  })

  test('gets the old token when the store fails meanwhile', async () => {
    const { answer, delays } = await waitFor({
      1: (stage) => {
        stage.storeFault = (operation, apply) =>
          operation === 'read' ? Promise.reject(new Error('down')) : apply()
      },
    })
    expect([answer, delays.length]).toEqual([NOT_RENEWED, 1])
  })

  test('gets the old token when the entry is gone', async () => {
    const { answer, delays } = await waitFor({
      1: async ({ table }) => {
        const stored = await table.read(KEY)
        await table.remove(KEY, stored?.etag ?? '')
      },
    })
    expect([answer, delays.length]).toEqual([NOT_RENEWED, 1])
  })

  test('asks with the password when the entry has another one by then', async () => {
    const { answer, asked } = await waitFor({
      1: async ({ table, now }) => {
        const stored = await table.read(KEY)
        if (!stored?.entry) throw new Error('no entry')
        const changed = { ...stored.entry, passwordVerifier: 'another', verifiedOnTimestamp: now() }
        await table.write(KEY, changed, now(), stored.etag)
      },
    })
    expect(answer).toBe('token 2, retrieved new token, identity_provider')
    expect(asked).toEqual(['password'])
  })
})
