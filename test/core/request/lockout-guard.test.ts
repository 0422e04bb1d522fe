import { describe, expect, test } from '@jest/globals'
import { BrokerError } from '../../../src/core/broker-error.ts'
import type { ProviderFailure } from '../../../src/core/provider/provider-failure.ts'
import { createLockoutGuard, type LockoutGuard } from '../../../src/core/request/lockout-guard.ts'
import { createRefusalRows } from '../../../src/core/request/refusal-rows.ts'
import type { RefusalStore } from '../../../src/core/request/refusal-store.ts'
import { refusalOf } from '../../support/memory-core.ts'
import { createMemoryRefusalStore } from '../../support/memory-refusal-store.ts'

const REFUSED = refusalOf()
type Fault = (operation: keyof RefusalStore, apply: () => Promise<unknown>) => Promise<unknown>

/** Instances that share one table and one clock. */
function createStage(instances = 1) {
  let time = 1_764_000_000_000
  let ids = 0
  let fault: Fault | undefined
  const operations: string[] = []
  const table = createMemoryRefusalStore(() => time)
  const faulty =
    <A extends unknown[], R>(name: keyof RefusalStore, run: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      operations.push(name)
      const apply = () => run(...args)
      return (fault ? await fault(name, apply) : await apply()) as R
    }
  const store: RefusalStore = {
    read: faulty('read', (key) => table.read(key)),
    write: faulty('write', (key, refusals, etag) => table.write(key, refusals, etag)),
    remove: faulty('remove', (key, etag) => table.remove(key, etag)),
    prune: (before) => table.prune(before),
  }
  const guards = Array.from({ length: instances }, () =>
    createLockoutGuard({
      rows: createRefusalRows({ store, now: () => time, elapsed: () => time }),
      limits: { refusalWindowInMs: 600_000, reservationInMs: 19_000 },
      now: () => time,
      elapsed: () => time,
      delay: async (timeInMs) => {
        time += timeInMs
        await new Promise(setImmediate)
      },
      randomId: () => `id ${++ids}`,
    }),
  )
  const attemptOf = (digest: string) => ({ rowKey: 'user', digest, maxRefusedPasswords: 3 })
  return {
    guards: guards as [LockoutGuard, ...LockoutGuard[]],
    operations,
    pass: (timeInMs: number) => void (time += timeInMs),
    fail: (as: Fault | undefined) => void (fault = as),
    now: () => time,
    attemptOf,
    /** @returns `admitted`, `ended`, or the error's code with what the log would say. */
    admit: async (guard: LockoutGuard, digest: string, { hasPlace = false, waitInMs = 0 } = {}) => {
      try {
        const admission = await guard.admit(attemptOf(digest), { hasPlace, waitUntil: time + waitInMs })
        return admission
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        return { kind: `${error.code} ${error.details.logDetail}` as const, error }
      }
    },
  }
}

async function askAll(
  stage: ReturnType<typeof createStage>,
  guard: LockoutGuard,
  digests: string[],
  outcome: 'accepted' | ProviderFailure = REFUSED,
): Promise<string[]> {
  return Promise.all(
    digests.map(async (digest) => {
      const admission = await stage.admit(guard, digest)
      if ('settle' in admission) await admission.settle(outcome)
      return admission.kind
    }),
  )
}

test('a right password costs two writes and no read, and leaves nothing behind', async () => {
  const stage = createStage()
  expect(await askAll(stage, stage.guards[0], ['right'], 'accepted')).toEqual(['admitted'])
  expect(stage.operations).toEqual(['write', 'remove'])
})

test('of a hundred different passwords at once over four instances three are asked', async () => {
  const stage = createStage(4)
  const answers = await Promise.all(
    stage.guards.map((guard, n) =>
      askAll(
        stage,
        guard,
        Array.from({ length: 25 }, (_, m) => `${n}.${m}`),
      ),
    ),
  )
  const count: Record<string, number> = {}
  for (const kind of answers.flat()) count[kind] = (count[kind] ?? 0) + 1
  expect(count['admitted']).toBe(3)
  // Who comes while three are being asked is told to come again, who comes later that the account is shut.
  expect(Object.keys(count).toSorted()).toEqual(['admitted', 'temporarily_unavailable guard_lost_answer'])
  stage.pass(1)
  expect(await askAll(stage, stage.guards[0], ['one more'])).toEqual(['account_locked guard_full'])
})

test('the same refused password is asked once, by whichever instance', async () => {
  const stage = createStage(2)
  const [first, second = first] = stage.guards
  expect(await askAll(stage, first, ['wrong'])).toEqual(['admitted'])
  const again = await stage.admit(second, 'wrong')
  expect(again).toMatchObject({
    kind: 'invalid_credentials known_refused',
    error: {
      details: {
        description: 'Entra ID refused this user name and password 0 s ago, and was not asked again.',
        retryAfterInMs: 600_000,
      },
    },
  })
  stage.operations.length = 0
  stage.pass(42_000)
  expect(() => first.check(stage.attemptOf('wrong'))).toThrow('42 s ago')
  expect(stage.operations).toEqual([])
})

test('forty instances with the same password make one try; the others are told when it has ended', async () => {
  const stage = createStage(40)
  let admitted = 0
  const answers = await Promise.all(
    stage.guards.map(async (guard) => {
      const admission = await stage.admit(guard, 'right', { waitInMs: 3_600_000 })
      if ('settle' in admission) {
        admitted++
        await new Promise(setImmediate)
        await admission.settle('accepted')
      }
      return admission.kind
    }),
  )
  expect(admitted).toBe(1)
  expect(answers.filter((kind) => kind === 'ended')).toHaveLength(39)
})

test('who may not wait for another instance is told so', async () => {
  const stage = createStage(2)
  const [first, second = first] = stage.guards
  await stage.admit(first, 'right')
  expect(await stage.admit(second, 'right')).toEqual({ kind: 'busy' })
})

test('an instance that believes all places taken looks again before it refuses', async () => {
  const stage = createStage(2)
  const [first, second = first] = stage.guards
  await askAll(stage, first, ['a', 'b', 'c'])
  expect(await askAll(stage, first, ['d'])).toEqual(['account_locked guard_full'])
  const right = await stage.admit(second, 'right', { hasPlace: true })
  if ('settle' in right) await right.settle('accepted')
  stage.pass(2_000)
  expect(await askAll(stage, first, ['d'])).toEqual(['admitted'])
})

describe('a table that fails', () => {
  const ambiguous = (name: keyof RefusalStore): Fault => {
    let isFirst = true
    return async (operation, apply) => {
      if (operation !== name || !isFirst) return apply()
      isFirst = false
      await apply()
      throw new Error('the answer was lost')
    }
  }

  test('a write that was applied and whose answer was lost is recognized by its id', async () => {
    const stage = createStage()
    stage.fail(ambiguous('write'))
    const admission = await stage.admit(stage.guards[0], 'a')
    expect(admission).toMatchObject({ kind: 'admitted', warnings: [] })
    stage.fail(undefined)
    expect(stage.operations).toEqual(['write', 'read'])
  })

  test('and by no other try that is in the row', async () => {
    const stage = createStage()
    await askAll(stage, stage.guards[0], ['a'])
    stage.fail(ambiguous('write'))
    expect(await stage.admit(stage.guards[0], 'b')).toMatchObject({ kind: 'admitted', warnings: [] })
  })

  test('one time-out is no outage', async () => {
    const stage = createStage()
    let failures = 1
    stage.fail(async (_, apply) => {
      if (failures-- > 0) throw new Error('timeout')
      return apply()
    })
    expect(await stage.admit(stage.guards[0], 'a')).toMatchObject({ kind: 'admitted', warnings: [] })
  })

  test('for good: each instance has one place, with a warning, and tells the table when it is back', async () => {
    const stage = createStage(2)
    const [first, second = first] = stage.guards
    const isDown: Fault = () => Promise.reject(new Error('down'))
    stage.fail(isDown)
    for (const guard of [first, second]) {
      const admission = await stage.admit(guard, guard === first ? 'a' : 'b')
      expect(admission).toMatchObject({ kind: 'admitted', warnings: [{ code: 'refusals_not_shared' }] })
      if ('settle' in admission) await admission.settle(REFUSED)
      expect(await stage.admit(guard, 'c')).toMatchObject({ kind: 'account_locked guard_full' })
    }
    stage.fail(undefined)
    stage.pass(10_000)
    expect(await stage.admit(first, 'a')).toMatchObject({ kind: 'invalid_credentials known_refused' })
    expect(await askAll(stage, first, ['c'])).toEqual(['admitted'])
    // The second instance knew of `b` alone; with `a` and `c` that makes three.
    expect(await askAll(stage, second, ['d'])).toEqual(['account_locked guard_full'])
    expect(await stage.admit(first, 'b')).toMatchObject({ kind: 'invalid_credentials known_refused' })
  })

  test('is not asked again and again: after two failures it is left alone for ten seconds', async () => {
    const stage = createStage()
    stage.fail(() => Promise.reject(new Error('down')))
    await stage.admit(stage.guards[0], 'a')
    stage.operations.length = 0
    await stage.admit(stage.guards[0], 'b')
    expect(stage.operations).toEqual([])
    stage.pass(10_000)
    await stage.admit(stage.guards[0], 'b')
    expect(stage.operations.length).toBeGreaterThan(0)
  })
})

test('an hour of a flow with an old password, once a minute: one try a window', async () => {
  const stage = createStage()
  let tries = 0
  for (let minute = 0; minute < 60; minute++) {
    const admission = await stage.admit(stage.guards[0], 'old')
    if ('settle' in admission) {
      tries++
      await admission.settle(REFUSED)
    }
    stage.pass(60_000)
  }
  expect(tries).toBe(6)
})

test('an operator who clears a user leaves alone what is known of others', async () => {
  const stage = createStage()
  const [guard] = stage.guards
  const other = { ...stage.attemptOf('other'), rowKey: 'another user' }
  await askAll(stage, guard, ['wrong'])
  const admission = await guard.admit(other, { hasPlace: false, waitUntil: 0 })
  if (admission.kind !== 'admitted') throw new Error('not admitted')
  await admission.settle(REFUSED)

  await guard.forget('user')

  expect(await guard.statusOf('user')).toMatchObject({ refusedPasswords: 0 })
  expect(await guard.statusOf('another user')).toMatchObject({ refusedPasswords: 1 })
  expect(guard.wasRefusedSince(other, stage.now())).toBe(true)
})

test('a read that is answered late does not hide a place that was taken meanwhile', async () => {
  const stage = createStage()
  const [guard] = stage.guards
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  stage.fail(async (operation, apply) => {
    const answer = await apply()
    if (operation === 'read') await gate
    return answer
  })
  const late = guard.statusOf('user')
  await new Promise(setImmediate)
  const admission = await stage.admit(guard, 'a')
  open()
  await late
  if ('settle' in admission) await admission.settle(REFUSED)
  expect(await guard.statusOf('user')).toMatchObject({ refusedPasswords: 1 })
})

test('a place that was taken is settled even when ten thousand others were looked at meanwhile', async () => {
  const stage = createStage()
  const [guard] = stage.guards
  const admission = await stage.admit(guard, 'a')
  for (let other = 0; other < 10_000; other++) await guard.statusOf(`other ${other}`)
  if ('settle' in admission) await admission.settle(REFUSED)
  expect(await guard.statusOf('user')).toMatchObject({ refusedPasswords: 1 })
})

test('a place is settled and does not reject even when others write the row every time', async () => {
  const stage = createStage()
  const admission = await stage.admit(stage.guards[0], 'a')
  stage.fail(async (operation, apply) => (operation === 'write' ? undefined : apply()))
  expect('settle' in admission && (await admission.settle(REFUSED))).toBeUndefined()
})

test('who finds no turn to write the row is told to come again in a second', async () => {
  const stage = createStage()
  stage.fail(async (operation, apply) => (operation === 'write' ? undefined : apply()))
  expect(await stage.admit(stage.guards[0], 'a')).toMatchObject({
    kind: 'temporarily_unavailable guard_lost_answer',
    error: { details: { retryAfterInMs: 1_000 } },
  })
})

describe('that a password was refused', () => {
  test('by another instance is known here for longer than the row says it', async () => {
    const stage = createStage(2)
    const [first, second = first] = stage.guards
    await askAll(stage, first, ['a'])
    const refusedOn = stage.now()
    await stage.admit(second, 'a')
    stage.pass(600_000)
    expect(second.wasRefusedSince(stage.attemptOf('a'), refusedOn)).toBe(true)
    expect(second.wasRefusedSince(stage.attemptOf('a'), refusedOn + 1)).toBe(false)
  })

  test('is known even when an operator has cleared the user while it was asked', async () => {
    const stage = createStage()
    const [guard] = stage.guards
    const admission = await stage.admit(guard, 'a')
    await guard.forget('user')
    if ('settle' in admission) await admission.settle(REFUSED)
    expect(guard.wasRefusedSince(stage.attemptOf('a'), stage.now())).toBe(true)
  })

  test('does not count when it was accepted since', async () => {
    const stage = createStage()
    const [guard] = stage.guards
    const acceptedOn = stage.now()
    stage.pass(1)
    await askAll(stage, guard, ['a'])
    stage.pass(600_000)
    await askAll(stage, guard, ['a'], 'accepted')
    expect(guard.wasRefusedSince(stage.attemptOf('a'), acceptedOn)).toBe(false)
  })

  test('for another reason than the password is no refusal of it', async () => {
    const stage = createStage()
    const [guard] = stage.guards
    await askAll(stage, guard, ['a'], refusalOf({ category: 'interaction_required', aadsts: 50076 }))
    expect(guard.wasRefusedSince(stage.attemptOf('a'), 0)).toBe(false)
  })
})

test('a judgement about the account is known without asking the table', async () => {
  const stage = createStage()
  const [guard] = stage.guards
  await askAll(stage, guard, ['a'], refusalOf({ category: 'interaction_required', aadsts: 50076 }))
  stage.operations.length = 0
  expect(() => guard.check(stage.attemptOf('a'))).toThrow(
    expect.objectContaining({ code: 'interaction_required' }),
  )
  expect(stage.operations).toEqual([])
})

test('the status of a user counts what was refused, not what is being asked, nor what an accepted password has freed', async () => {
  const stage = createStage()
  const [guard] = stage.guards
  await askAll(stage, guard, ['refused'])
  await stage.admit(guard, 'being asked')
  expect(await guard.statusOf('user')).toMatchObject({ refusedPasswords: 1 })
  await askAll(stage, guard, ['right'], 'accepted')
  expect(await guard.statusOf('user')).toMatchObject({ refusedPasswords: 0 })
})

test('an answer about nothing is followed by no wait, whatever others ask meanwhile', async () => {
  const stage = createStage()
  const [guard] = stage.guards
  for (const digest of ['a', 'b', 'c']) await stage.admit(guard, digest)
  const right = await stage.admit(guard, 'right', { hasPlace: true })
  const outage = refusalOf({ category: 'temporarily_unavailable', judgement: 'not_judged' })
  expect('settle' in right && (await right.settle(outage))).toBeUndefined()
})

describe('who waits for another instance', () => {
  async function waitFor(outcome: 'accepted' | ProviderFailure, isFull = false) {
    const stage = createStage(2)
    const [first, second = first] = stage.guards
    if (isFull) await askAll(stage, first, ['a', 'b', 'c'])
    const asking = await stage.admit(first, 'right', { hasPlace: true })
    const waiting = stage.admit(second, 'right', { hasPlace: true, waitInMs: 10_000 })
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    if ('settle' in asking) await asking.settle(outcome)
    return (await waiting).kind
  }

  test('is told what became of the password there', async () => {
    expect(await waitFor('accepted')).toBe('ended')
    expect(await waitFor(REFUSED)).toBe('invalid_credentials known_refused')
  })

  test('asks himself when nothing became of it, even when wrong passwords have all places', async () => {
    const outage = refusalOf({ category: 'temporarily_unavailable', judgement: 'not_judged' })
    expect(await waitFor(outage, true)).toBe('ended')
  })
})

describe('before it refuses, an instance looks again at', () => {
  const LOCKED = refusalOf({ category: 'account_locked', retryAfterInMs: 3_600_000 })
  const LOST = refusalOf({ category: 'temporarily_unavailable', judgement: 'unknown' })

  test.each<[string, ProviderFailure, string]>([
    ['a lock', LOCKED, 'account_locked guard_locked'],
    ['an answer that was lost', LOST, 'temporarily_unavailable guard_lost_answer'],
  ])('%s that it has known of for two seconds', async (_, failure, refusal) => {
    const stage = createStage(2)
    const [first, second = first] = stage.guards
    await askAll(stage, first, ['a'], failure)
    await second.forget('user')
    stage.pass(1_999)
    stage.operations.length = 0
    expect((await stage.admit(first, 'a')).kind).toBe(refusal)
    expect(stage.operations).toEqual([])
    stage.pass(1)
    expect((await stage.admit(first, 'a')).kind).toBe('admitted')
  })
})
