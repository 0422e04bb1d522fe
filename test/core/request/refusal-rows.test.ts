import { describe, expect, test } from '@jest/globals'
import { createRefusalRows } from '../../../src/core/request/refusal-rows.ts'
import type { RefusalStore } from '../../../src/core/request/refusal-store.ts'
import { NO_REFUSALS, type Refusals, type Try } from '../../../src/core/request/refusals.ts'
import { createMemoryRefusalStore } from '../../support/memory-refusal-store.ts'

const NOW = 1_764_000_000_000
/** What the table answers in place of what it would. */
type Fault = (apply: () => Promise<unknown>) => Promise<unknown>
const DOWN: Fault = () => Promise.reject(new Error('down'))
/** Somebody else has changed the row since it was read. */
const OVERTAKEN: Fault = async () => undefined

const tryOf = (id: string): Try => ({
  digest: `digest of ${id}`,
  id,
  madeOnTimestamp: NOW,
  state: 'refused',
  untilTimestamp: NOW + 600_000,
  isCounted: true,
  losses: 0,
})
const refusalsOf = (...ids: string[]): Refusals => ({ ...NO_REFUSALS, tries: ids.map(tryOf) })

/** Two instances over one table. */
function createStage() {
  let time = 0
  const operations: string[] = []
  const faults: { [operation in keyof RefusalStore]?: Fault } = {}
  const table = createMemoryRefusalStore(() => NOW)
  const faulty =
    <A extends unknown[], R>(name: keyof RefusalStore, run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      operations.push(name)
      const fault = faults[name] ?? ((apply) => apply())
      return (await fault(() => run(...args))) as R
    }
  const store: RefusalStore = {
    read: faulty('read', (key) => table.read(key)),
    write: faulty('write', (key, refusals, etag) => table.write(key, refusals, etag)),
    remove: faulty('remove', (key, etag) => table.remove(key, etag)),
    prune: (before) => table.prune(before),
  }
  const instance = () => createRefusalRows({ store, now: () => NOW, elapsed: () => time })
  return {
    table,
    faults,
    operations,
    rows: instance(),
    others: instance(),
    fail: () => void Object.assign(faults, { read: DOWN, write: DOWN, remove: DOWN }),
    /** The table is there again, and has been left alone for long enough. */
    recover: () => {
      for (const name of Object.keys(faults)) delete faults[name as keyof RefusalStore]
      time += 10_000
      operations.length = 0
    },
    idsInTable: async () => (await table.read('user'))?.refusals?.tries.map(({ id }) => id),
  }
}
type Rows = ReturnType<typeof createStage>['rows']

const adding = (rows: Rows, id: string) =>
  rows.change(
    'user',
    ({ refusals }) => ({ refusals: { ...refusals, tries: [...refusals.tries, tryOf(id)] }, result: id }),
    ({ tries }) => tries.some((one) => one.id === id),
  )
const settingTo = (rows: Rows, refusals: Refusals) =>
  rows.change('user', () => ({ refusals, result: undefined }))

describe('what was noted while the table was down', () => {
  test('goes into the row once, beside what is there', async () => {
    const { rows, fail, recover, operations, idsInTable } = createStage()
    await adding(rows, 'a')
    fail()
    expect(await adding(rows, 'b')).toMatchObject({ row: { isShared: false } })
    recover()
    expect((await rows.read('user')).refusals).toEqual(refusalsOf('a', 'b'))
    expect(operations).toEqual(['read', 'write'])
    expect(await idsInTable()).toEqual(['a', 'b'])
  })

  test('goes there with the next change, which is shared again', async () => {
    const { rows, fail, recover, idsInTable } = createStage()
    fail()
    await adding(rows, 'a')
    recover()
    expect(await adding(rows, 'b')).toMatchObject({ row: { isShared: true } })
    expect(await idsInTable()).toEqual(['a', 'b'])
  })

  test('is a lock of the account, too', async () => {
    const { rows, others, fail, recover } = createStage()
    await adding(rows, 'a')
    fail()
    await settingTo(rows, { ...refusalsOf('a'), lockedUntilTimestamp: NOW + 60_000 })
    recover()
    await rows.read('user')
    expect((await others.read('user')).refusals.lockedUntilTimestamp).toBe(NOW + 60_000)
  })

  test('does not shorten a lock that another instance knows of', async () => {
    const { rows, others, fail, recover } = createStage()
    fail()
    await adding(rows, 'a')
    recover()
    await settingTo(others, { ...NO_REFUSALS, lockedUntilTimestamp: NOW + 60_000 })
    await rows.read('user')
    expect((await others.read('user')).refusals.lockedUntilTimestamp).toBe(NOW + 60_000)
  })

  test('costs no write when the row says the same', async () => {
    const { rows, fail, recover, operations } = createStage()
    await adding(rows, 'a')
    fail()
    await settingTo(rows, refusalsOf('a'))
    recover()
    expect(await rows.read('user')).toMatchObject({ refusals: refusalsOf('a'), isShared: true })
    expect(operations).toEqual(['read'])
  })

  test('is written again when another instance was faster', async () => {
    const { rows, others, faults, fail, recover, idsInTable } = createStage()
    fail()
    await adding(rows, 'a')
    recover()
    faults.write = async (apply) => {
      delete faults.write
      await adding(others, 'b')
      return apply()
    }
    expect(await rows.read('user')).toMatchObject({ refusals: refusalsOf('b', 'a'), isShared: true })
    expect(await idsInTable()).toEqual(['b', 'a'])
  })

  test('stays known here when others are faster every time, and is written when they are not', async () => {
    const { rows, faults, fail, recover, idsInTable } = createStage()
    await adding(rows, 'a')
    fail()
    await adding(rows, 'b')
    recover()
    faults.write = OVERTAKEN
    expect(await rows.read('user')).toMatchObject({ refusals: refusalsOf('a', 'b'), isShared: false })
    delete faults.write
    await rows.read('user')
    expect(await idsInTable()).toEqual(['a', 'b'])
  })
})

describe('a table that goes down', () => {
  test('leaves what this process knows', async () => {
    const { rows, fail } = createStage()
    await adding(rows, 'a')
    fail()
    expect(await rows.read('user')).toMatchObject({ refusals: refusalsOf('a'), isShared: false })
  })

  test('has the change judged anew, by what this process alone knows', async () => {
    const { rows, fail } = createStage()
    await adding(rows, 'a')
    fail()
    const seen: boolean[] = []
    await rows.change('user', ({ refusals, isShared }) => {
      seen.push(isShared)
      return { refusals: isShared ? refusals : undefined, result: undefined }
    })
    expect(seen).toEqual([true, false])
  })

  test('after another writer was faster, costs no change', async () => {
    const { rows, faults } = createStage()
    await adding(rows, 'a')
    faults.write = OVERTAKEN
    faults.read = DOWN
    expect(await adding(rows, 'b')).toMatchObject({
      row: { refusals: refusalsOf('a', 'b'), isShared: false },
      result: 'b',
    })
  })
})

test('a change that the SDK sent twice meets itself, and is made once', async () => {
  const { rows, faults, idsInTable } = createStage()
  await adding(rows, 'a')
  faults.write = async (apply) => {
    await apply()
    return undefined
  }
  expect(await adding(rows, 'b')).toMatchObject({ row: { refusals: refusalsOf('a', 'b') }, result: 'b' })
  expect(await idsInTable()).toEqual(['a', 'b'])
})

test('a change that others are faster than every time is not made', async () => {
  const { rows, faults, operations } = createStage()
  faults.write = OVERTAKEN
  expect(await adding(rows, 'a')).toBeUndefined()
  expect(operations.filter((name) => name === 'write')).toHaveLength(12)
})

describe('a row with nothing in it any more', () => {
  test('is removed, and the next change begins it without a look', async () => {
    const { rows, operations } = createStage()
    await adding(rows, 'a')
    await settingTo(rows, NO_REFUSALS)
    expect(await adding(rows, 'b')).toMatchObject({ row: { isShared: true } })
    expect(operations).toEqual(['write', 'remove', 'write'])
  })

  test('is not removed where none is known', async () => {
    const { rows, others, operations, idsInTable } = createStage()
    await rows.read('user')
    await adding(others, 'a')
    operations.length = 0
    await settingTo(rows, NO_REFUSALS)
    expect([operations, await idsInTable()]).toEqual([[], ['a']])
  })
})
