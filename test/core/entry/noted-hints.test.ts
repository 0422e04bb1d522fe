import { expect, test } from '@jest/globals'
import { createCoreStage } from '../../support/core-stage.ts'

/** A stage whose due index tells what it was told. */
function createStage() {
  const stage = createCoreStage()
  const told: number[] = []
  let isDown = false
  const add = stage.dueIndex.add.bind(stage.dueIndex)
  stage.dueIndex.add = async (hint) => {
    told.push(hint.dueTimestamp)
    if (isDown) throw new Error('down')
    await add(hint)
  }
  return { stage, told, fail: (fails: boolean) => void (isDown = fails) }
}
/** Memory has forgotten the token by then. */
const LATER = 301_000

test('a token from the table costs one read: that it is due was said once by this process', async () => {
  const { stage, told } = createStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(LATER)
  await stage.ask(core)
  stage.forgetHistory()
  expect(told).toHaveLength(2)
  stage.pass(LATER)
  await stage.ask(core)
  expect([told.length, stage.operations]).toEqual([2, ['read']])
})

test('what could not be said is said again, and a new token is another matter', async () => {
  const { stage, told, fail } = createStage()
  const core = stage.instance()
  await stage.ask(core)
  fail(true)
  stage.pass(LATER)
  await stage.ask(core)
  fail(false)
  stage.pass(LATER)
  await stage.ask(core)
  stage.pass(LATER)
  await stage.ask(core)
  expect(told).toHaveLength(3)
  // Refreshed: its hint goes before it, and its first use says it again.
  stage.pass(2_400_000)
  await stage.ask(core)
  stage.pass(LATER)
  await stage.ask(core)
  stage.pass(LATER)
  await stage.ask(core)
  expect(told).toHaveLength(5)
})
