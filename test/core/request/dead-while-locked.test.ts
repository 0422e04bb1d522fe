import { expect, test } from '@jest/globals'
import { createCoreStage } from '../../support/core-stage.ts'
import { refusalOf } from '../../support/memory-core.ts'

const HOUR = 3_600_000

function createStage() {
  const stage = createCoreStage()
  stage.faults.refresh_token = refusalOf({ category: 'dead_grant', detail: 'dead' })
  return { stage, core: stage.instance() }
}
const lock = refusalOf({ category: 'account_locked', retryAfterInMs: 24 * HOUR, detail: 'locked' })

test('a refresh token that is dead while the account is locked is presented once, and dropped', async () => {
  const { stage, core } = createStage()
  await stage.ask(core)
  stage.pass(24 * HOUR)
  stage.faults.password = lock
  stage.forgetHistory()
  expect(await stage.ask(core)).toMatch(/^account_locked/)
  expect(stage.asked).toEqual(['password', 'refresh_token'])
  expect(stage.operations.at(-1)).toBe('remove')
  expect(await stage.ask(core)).toMatch(/^account_locked/)
  expect(stage.asked).toEqual(['password', 'refresh_token'])
})

test('as long as its access token lives the entry stays', async () => {
  const { stage, core } = createStage()
  stage.tokenLifetimeInMs = 24 * HOUR + 300_000
  await stage.ask(core)
  stage.pass(24 * HOUR)
  stage.faults.password = lock
  stage.forgetHistory()
  expect(await stage.ask(core)).toMatch(
    /^token 1, returned existing token, store, identity_provider_unavailable/,
  )
  expect(stage.operations).not.toContain('remove')
})

test('an entry that somebody else has written meanwhile stays', async () => {
  const { stage, core } = createStage()
  await stage.ask(core)
  stage.pass(24 * HOUR)
  stage.faults.password = lock
  stage.beforeAnswer = async () => {
    const stored = await stage.table.read('entry of u in default')
    if (stage.asked.at(-1) === 'refresh_token' && stored) {
      await stage.table.mark('entry of u in default', { failures: 9 }, stored.etag)
    }
  }
  stage.forgetHistory()
  expect(await stage.ask(core)).toMatch(/^account_locked/)
  expect(stage.operations).toEqual(['read', 'mark', 'mark'])
})

test('an entry that cannot be dropped is no other answer', async () => {
  const { stage, core } = createStage()
  await stage.ask(core)
  stage.pass(24 * HOUR)
  stage.faults.password = lock
  stage.storeFault = async (operation, apply) => {
    if (operation === 'remove') throw new Error('down')
    return apply()
  }
  expect(await stage.ask(core)).toBe('account_locked: locked')
})

test('an entry that another instance refreshes is left to it', async () => {
  const { stage, core } = createStage()
  await stage.ask(core)
  stage.pass(24 * HOUR)
  stage.faults.password = lock
  const stored = await stage.table.read('entry of u in default')
  const leasedUntilTimestamp = stage.now() + 19_000
  await stage.table.mark('entry of u in default', { leasedUntilTimestamp }, stored?.etag ?? '')
  stage.forgetHistory()
  expect(await stage.ask(core)).toBe('account_locked: locked')
  expect(stage.asked).toEqual(['password'])
})
