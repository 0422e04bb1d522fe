import { expect, test } from '@jest/globals'
import { withKnownHints } from '../../../src/core/entry/known-hints.ts'
import { createCoreStage } from '../../support/core-stage.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'

function createStage() {
  const told: string[] = []
  let isDown = false
  const index = createMemoryDueIndex()
  const known = withKnownHints({
    async add(hint) {
      told.push(`add ${hint.entryKey} ${hint.dueTimestamp}`)
      if (isDown) throw new Error('down')
      await index.add(hint)
    },
    async remove(hint) {
      told.push(`remove ${hint.entryKey} ${hint.dueTimestamp}`)
      await index.remove(hint)
    },
    dueBefore: (timestamp) => index.dueBefore(timestamp),
  })
  return { told, known, fail: (fails: boolean) => void (isDown = fails) }
}
const hint = (entryKey: string, dueTimestamp: number) => ({ entryKey, dueTimestamp })

test('a hint is told once, another due time of the entry and other entries are told as well', async () => {
  const { told, known } = createStage()
  await known.add(hint('a', 1))
  await known.add(hint('a', 1))
  await known.add(hint('a', 2))
  await known.add(hint('b', 2))
  expect(told).toEqual(['add a 1', 'add a 2', 'add b 2'])
  expect(await known.dueBefore(3)).toHaveLength(3)
})

test('what was taken away is told again; taking away an older one changes nothing', async () => {
  const { told, known } = createStage()
  await known.add(hint('a', 2))
  await known.remove(hint('a', 1))
  await known.add(hint('a', 2))
  await known.remove(hint('a', 2))
  await known.add(hint('a', 2))
  expect(told).toEqual(['add a 2', 'remove a 1', 'remove a 2', 'add a 2'])
})

test('what could not be told is told again', async () => {
  const { told, known, fail } = createStage()
  fail(true)
  await expect(known.add(hint('a', 1))).rejects.toThrow('down')
  fail(false)
  await known.add(hint('a', 1))
  expect(told).toEqual(['add a 1', 'add a 1'])
})

test('a token from the table costs one read: whoever stored it has told when it is due', async () => {
  const stage = createCoreStage()
  const told: number[] = []
  const { add } = stage.dueIndex
  stage.dueIndex.add = async (one) => {
    told.push(one.dueTimestamp)
    await add(one)
  }
  const core = stage.instance()
  await stage.ask(core)
  expect(told).toHaveLength(1)
  stage.forgetHistory()
  // Memory has forgotten it, and it is not due.
  stage.pass(301_000)
  await stage.ask(core)
  expect([told.length, stage.operations]).toEqual([1, ['read']])
  // Another process says it once.
  const other = stage.instance()
  await stage.ask(other)
  stage.pass(301_000)
  await stage.ask(other)
  expect(told).toHaveLength(2)
})
