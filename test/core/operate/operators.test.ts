import { describe, expect, test } from '@jest/globals'
import { BrokerError } from '../../../src/core/broker-error.ts'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const KEY = 'entry of u in default'
const DOWN = Object.assign(new Error('a message'), { statusCode: 503 })
const VIEW = {
  userHash: KEY,
  client: 'default',
  renewal: 'password' as const,
  expiresOnTimestamp: NOW + 3_600_000,
  dueTimestamp: NOW + 3_000_000,
  verifiedOnTimestamp: NOW,
  lastUsedTimestamp: NOW,
  failures: 0,
}
const UNTOUCHED = { refusedPasswords: 0, lockedUntilTimestamp: 0 }

const failing =
  (name: string, fault: Error = DOWN) =>
  (stage: CoreStage): void => {
    stage.storeFault = async (operation, apply) => {
      if (operation === name) throw fault
      return apply()
    }
  }
/** Between a read and what follows it somebody else writes, so many times. */
function writesBetween(stage: CoreStage, times: number): void {
  let left = times
  stage.storeFault = async (operation, apply) => {
    const result = await apply()
    const stored = await stage.table.read(KEY)
    if (operation === 'read' && left-- > 0 && stored) {
      await stage.table.mark(KEY, { failures: 1 }, stored.etag)
    }
    return result
  }
}

describe('an entry', () => {
  test('is shown without a secret', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    const list = await core.operators.list(10)
    expect(list).toEqual({ entries: [VIEW], next: undefined })
    expect(JSON.stringify(list)).not.toContain('token 1')
  })

  test('without a token has no times of one', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    const stored = await stage.table.read(KEY)
    if (!stored?.entry) throw new Error('no entry')
    await stage.table.write(KEY, { ...stored.entry, serializedCache: '{}' }, NOW, stored.etag)
    const { expiresOnTimestamp: _, dueTimestamp: __, ...rest } = VIEW
    expect((await core.operators.list(10)).entries).toEqual([rest])
  })

  test('that cannot be opened has nothing but its marks', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.storeFault = async (operation, apply) => {
      const result = await apply()
      return operation === 'read' ? { ...(result as object), entry: undefined } : result
    }
    expect(await core.operators.find('default', 'u')).toEqual({
      userHash: KEY,
      entry: { userHash: KEY, lastUsedTimestamp: NOW, failures: 0 },
      guard: UNTOUCHED,
    })
  })
})

describe('a user', () => {
  test('is found in whatever case, with an entry', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    expect(await core.operators.find('default', 'U')).toEqual({
      userHash: KEY,
      entry: VIEW,
      guard: UNTOUCHED,
    })
  })

  test('is found without an entry, with the passwords that were refused within the window', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    for (const password of ['wrong', 'wrong too']) await stage.ask(core, { password })
    const found = (refusedPasswords: number) => ({
      userHash: KEY,
      entry: undefined,
      guard: { refusedPasswords, lockedUntilTimestamp: 0 },
    })
    stage.pass(599_999)
    expect(await core.operators.find('default', 'u')).toEqual(found(2))
    stage.pass(1)
    expect(await core.operators.find('default', 'u')).toEqual(found(0))
  })

  test('who is locked is shown until when, until then', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    stage.faults.password = refusalOf({ category: 'account_locked', retryAfterInMs: 90_000 })
    await stage.ask(core)
    stage.pass(89_999)
    expect((await core.operators.find('default', 'u')).guard).toEqual({
      refusedPasswords: 0,
      lockedUntilTimestamp: NOW + 90_000,
    })
    stage.pass(1)
    expect((await core.operators.find('default', 'u')).guard).toEqual(UNTOUCHED)
  })

  test('of a profile that is not there is not found', async () => {
    const stage = createCoreStage()
    stage.profileOf = async () => {
      throw new BrokerError('unknown_client')
    }
    const { operators } = stage.instance()
    await expect(operators.find('other', 'u')).rejects.toMatchObject({ code: 'unknown_client' })
    await expect(operators.forgetUser('other', 'u')).rejects.toMatchObject({ code: 'unknown_client' })
  })

  test('is forgotten in memory, in the store and with the guard: the next request signs in', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    for (const password of ['a', 'b', 'c']) await stage.ask(core, { password })
    expect(await stage.ask(core, { password: 'd' })).toBe('account_locked: guard_full')
    expect(await core.operators.forgetUser('default', 'U')).toEqual({ userHash: KEY, isFound: true })
    expect(await stage.table.read(KEY)).toBeUndefined()
    expect(await stage.ask(core)).toBe('token 2, retrieved new token, identity_provider')
    expect(await stage.ask(core, { password: 'd' })).toBe('invalid_credentials: wrong')
  })

  test('without an entry is told to be none', async () => {
    const stage = createCoreStage()
    expect(await stage.instance().operators.forgetUser('default', 'u')).toEqual({
      userHash: KEY,
      isFound: false,
    })
  })

  test('whose refusals cannot be forgotten is not said to be', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core, { password: 'wrong' })
    stage.refusals.read = () => Promise.reject(DOWN)
    await expect(core.operators.forgetUser('default', 'u')).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      details: { logDetail: 'Error 503' },
    })
  })
})

describe('forgetting', () => {
  test.each([
    ['that others get in between of', 3, true],
    ['that others get in between of each time', 4, 'temporarily_unavailable: the entry is being written'],
  ])('%s', async (_, times, expected) => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    writesBetween(stage, times)
    const outcome = await core.operators
      .forget(KEY)
      .catch((error: BrokerError) => `${error.code}: ${error.details.logDetail}`)
    expect(outcome).toBe(expected)
  })

  test('what somebody else forgets at the same time was there', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.storeFault = async (operation, apply) => {
      if (operation !== 'remove') return apply()
      const stored = await stage.table.read(KEY)
      if (stored) await stage.table.remove(KEY, stored.etag)
      return false
    }
    expect(await core.operators.forget(KEY)).toBe(true)
  })

  test('what is not there is no entry', async () => {
    expect(await createCoreStage().instance().operators.forget(KEY)).toBe(false)
  })

  test('a profile forgets its own entries alone, over all pages', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    const users = Array.from({ length: 201 }, (_, n) => `u${n}`)
    for (const username of users) await stage.ask(core, { username, client: 'crm' })
    await stage.ask(core)
    expect(await core.operators.forgetClient('crm')).toBe(201)
    expect(await core.operators.list(10)).toEqual({ entries: [VIEW], next: undefined })
    expect(await core.operators.forgetClient('crm')).toBe(0)
  })

  test('a profile leaves alone what cannot be opened: it may be another one’s', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.storeFault = async (operation, apply) => {
      const result = await apply()
      if (operation !== 'list') return result
      const { entries } = result as { entries: object[] }
      return { entries: entries.map((stored) => ({ ...stored, entry: undefined })), next: undefined }
    }
    expect(await core.operators.forgetClient('default')).toBe(0)
    expect(await stage.table.read(KEY)).toBeDefined()
  })

  test('what another has forgotten first is not counted', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.storeFault = async (operation, apply) => (operation === 'read' ? undefined : apply())
    expect(await core.operators.forgetClient('default')).toBe(0)
  })
})

describe('a store that fails', () => {
  test.each<[string, string, (core: ReturnType<CoreStage['instance']>['operators']) => Promise<unknown>]>([
    ['the list', 'list', (operators) => operators.list(10)],
    ['a look', 'read', (operators) => operators.find('default', 'u')],
    ['forgetting', 'remove', (operators) => operators.forget(KEY)],
    ['forgetting a profile', 'list', (operators) => operators.forgetClient('default')],
  ])('fails %s, without its message', async (_, operation, ask) => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    failing(operation)(stage)
    await expect(ask(core.operators)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      details: { logDetail: 'Error 503' },
      cause: DOWN,
    })
  })

  test('as the broker itself says, is that', async () => {
    const stage = createCoreStage()
    stage.profileOf = async (name) => ({ ...PROFILE, name })
    failing('list', new BrokerError('misconfigured', { logDetail: 'no key' }))(stage)
    await expect(stage.instance().operators.list(10)).rejects.toMatchObject({
      code: 'misconfigured',
      details: { logDetail: 'no key' },
    })
  })
})
