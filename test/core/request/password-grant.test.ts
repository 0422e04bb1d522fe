import { describe, expect, test } from '@jest/globals'
import { createCoreStage, NOW, RIGHT, type CoreStage } from '../../support/core-stage.ts'
import { refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const KEY = 'entry of u in default'
const MFA = refusalOf({ category: 'interaction_required', aadsts: 50076, detail: 'mfa' })
const STOPPED = 'too_many_requests: caller_refused_too_often'
const users = (prefix: string) => Array.from({ length: 20 }, (_, n) => `${prefix}${n}`)

describe('a caller with twenty users refused', () => {
  async function createStageWithRefused() {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core, { caller: 'flow' })
    stage.pass(HOUR)
    for (const username of users('r')) {
      expect(await stage.ask(core, { username, password: 'wrong', caller: 'flow' })).toBe(
        'invalid_credentials: wrong',
      )
    }
    stage.forgetHistory()
    return { stage, core }
  }

  test('is stopped at the next password that is not known, and nobody is asked', async () => {
    const { stage, core } = await createStageWithRefused()
    expect(await stage.ask(core, { username: 'new', caller: 'flow' })).toBe(STOPPED)
    expect(stage.asked).toEqual([])
  })

  test('is not stopped at a password that was accepted before', async () => {
    const { stage, core } = await createStageWithRefused()
    expect(await stage.ask(core, { caller: 'flow' })).toBe(
      'token 2, retrieved new token to replace expired token, identity_provider',
    )
  })

  test('is not stopped when the answers were about something else than the password', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    stage.faults.password = MFA
    for (const username of users('m')) await stage.ask(core, { username, caller: 'flow' })
    delete stage.faults.password
    expect(await stage.ask(core, { username: 'new', caller: 'flow' })).toMatch(/^token/)
  })
})

test('a caller with as many users accepted as refused is not stopped', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  for (const username of users('a')) await stage.ask(core, { username, caller: 'flow' })
  for (const username of users('r')) await stage.ask(core, { username, password: 'wrong', caller: 'flow' })
  expect(await stage.ask(core, { username: 'new', caller: 'flow' })).toMatch(/^token/)
})

test('while the identity provider is left alone no place is reserved', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  stage.faults.password = refusalOf({
    category: 'misconfigured',
    scope: 'profile',
    judgement: 'not_judged',
    detail: 'secret',
  })
  await stage.ask(core)
  let writes = 0
  const write = stage.refusals.write.bind(stage.refusals)
  stage.refusals.write = (...args) => {
    writes++
    return write(...args)
  }
  expect(await stage.ask(core, { username: 'v' })).toBe('misconfigured: held_back secret')
  expect(writes).toBe(0)
})

test('a password that was accepted before is asked with although all places are taken', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(HOUR)
  for (const password of ['a', 'b', 'c']) await stage.ask(core, { password })
  expect(await stage.ask(core, { password: 'd' })).toBe('account_locked: guard_full')
  expect(await stage.ask(core)).toBe(
    'token 2, retrieved new token to replace expired token, identity_provider',
  )
})

test('a fault that nobody foresaw keeps its place: the password may have been sent', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  stage.faults.password = new RangeError('unforeseen')
  await expect(stage.ask(core)).rejects.toThrow('unforeseen')
  delete stage.faults.password
  for (const password of ['a', 'b']) await stage.ask(core, { password })
  expect(await stage.ask(core, { password: 'c' })).toBe('account_locked: guard_full')
})

describe('when to try again', () => {
  const retryAfterOf = async (failure: ReturnType<typeof refusalOf>) => {
    const stage = createCoreStage()
    stage.faults.password = failure
    const request = { username: 'u', password: RIGHT, client: 'default', minValidInMs: 0, correlationId: '' }
    return stage
      .instance()
      .tokenSource(request)
      .catch(({ details }: { details: { retryAfterInMs?: number } }) => details.retryAfterInMs)
  }

  test.each([
    ['of a lock that does not say is a minute', refusalOf({ category: 'account_locked' }), 60_000],
    [
      'of an answer that was lost is when it is asked again',
      refusalOf({ category: 'temporarily_unavailable', judgement: 'unknown' }),
      30_000,
    ],
    [
      'of what holds nobody back is what the identity provider says',
      refusalOf({ category: 'temporarily_unavailable', judgement: 'not_judged', retryAfterInMs: 7_000 }),
      7_000,
    ],
    ['of a judgement is not said', MFA, undefined],
    ['of a password that was refused just now is not said', refusalOf(), undefined],
  ])('%s', async (_, failure, retryAfterInMs) => {
    expect(await retryAfterOf(failure)).toBe(retryAfterInMs)
  })
})

describe('an entry whose password is refused', () => {
  const isThere = async ({ table }: CoreStage) => (await table.read(KEY)) !== undefined

  test('goes when it was suspect before: refused under another profile', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.password = 'changed'
    stage.pass(1)
    await stage.ask(core, { client: 'other' })
    stage.pass(10 * MINUTE)
    expect(await stage.ask(core)).toBe('invalid_credentials: wrong')
    expect(await isThere(stage)).toBe(false)
  })

  test('stays when somebody else has written it since its grant was found dead', async () => {
    const stage = createCoreStage()
    await stage.ask(stage.instance())
    stage.pass(50 * MINUTE)
    stage.password = 'changed'
    stage.faults.refresh_token = refusalOf({ category: 'dead_grant' })
    stage.beforeAnswer = async () => {
      const stored = await stage.table.read(KEY)
      if (stage.asked.length === 1 && stored) await stage.table.mark(KEY, { failures: 9 }, stored.etag)
    }
    stage.forgetHistory()
    expect(await stage.ask(stage.instance())).toBe('invalid_credentials: wrong')
    expect(stage.operations).toEqual(['read', 'mark', 'mark'])
    expect(await isThere(stage)).toBe(true)
  })

  test('stays when it has another password since: it is the right one', async () => {
    const stage = createCoreStage()
    await stage.ask(stage.instance())
    stage.pass(50 * MINUTE)
    const stored = await stage.table.read(KEY)
    await stage.table.mark(KEY, { leasedUntilTimestamp: stage.now() + 19_000 }, stored?.etag ?? '')
    stage.password = 'changed'
    stage.onDelay = async () => {
      const current = await stage.table.read(KEY)
      if (!current?.entry) throw new Error('no entry')
      const changed = { ...current.entry, passwordVerifier: 'another', verifiedOnTimestamp: stage.now() }
      await stage.table.write(KEY, changed, stage.now(), current.etag)
    }
    expect(await stage.ask(stage.instance())).toBe('invalid_credentials: wrong')
    expect(await isThere(stage)).toBe(true)
  })
})

test('a refresh for a caller is a use of the entry', async () => {
  const stage = createCoreStage()
  await stage.ask(stage.instance())
  stage.pass(50 * MINUTE)
  await stage.ask(stage.instance())
  expect((await stage.table.read(KEY))?.lastUsedTimestamp).toBe(NOW + 50 * MINUTE)
})
