import { describe, expect, test } from '@jest/globals'
import { BrokerError } from '../../../src/core/broker-error.ts'
import { EntryTooLargeError } from '../../../src/core/entry/token-entry-store.ts'
import type { TokenRequest } from '../../../src/core/request/token-request.ts'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const PASSING = refusalOf({
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'unknown',
  detail: 'down',
})
const LOCKED = refusalOf({ category: 'account_locked', detail: 'locked' })
const DEAD = refusalOf({ category: 'dead_grant', detail: 'dead' })
const MISCONFIGURED = refusalOf({ category: 'misconfigured', scope: 'profile', detail: 'wrong secret' })
const DOWN = Object.assign(new Error('a message'), { statusCode: 503 })

interface Row {
  /** Since the user signed in, which gave `token 1`. */
  readonly afterInMs: number
  readonly given?: (stage: CoreStage) => unknown
  readonly asks?: Partial<TokenRequest>
  readonly passwordMaxAgeInMs?: number
  readonly answer: string
  /** Of the identity provider. */
  readonly asked: readonly string[]
  /** On the entry store. */
  readonly operations: readonly string[]
}

const EXISTING = 'token 1, returned existing token, store'
const NOT_RENEWED = `${EXISTING}, identity_provider_unavailable (down)`
const REFRESHED = 'token 2, refreshed existing token, identity_provider'
const NEW = 'token 2, retrieved new token, identity_provider'
const REPLACED = 'token 2, retrieved new token to replace expired token, identity_provider'

/** What another instance answers, which has nothing in memory. */
async function judge(row: Row) {
  const { passwordMaxAgeInMs = DAY } = row
  const stage = createCoreStage({ passwordMaxAgeInMs })
  await stage.ask(stage.instance())
  stage.pass(row.afterInMs)
  await row.given?.(stage)
  stage.forgetHistory()
  const answer = await stage.ask(stage.instance(), row.asks)
  return { answer, asked: stage.asked, operations: stage.operations }
}

const answerOf = ({ answer, asked, operations }: Row) => ({ answer, asked, operations })

describe('with the right password', () => {
  test.each<[string, Row]>([
    [
      'a token is served until the threshold',
      { afterInMs: 50 * MINUTE - 1, answer: EXISTING, asked: [], operations: ['read'] },
    ],
    [
      'from the threshold on it is refreshed under a lease',
      {
        afterInMs: 50 * MINUTE,
        answer: REFRESHED,
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'it is refreshed until its last moment',
      {
        afterInMs: HOUR - 1,
        answer: REFRESHED,
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'when it has expired the password is asked with',
      { afterInMs: HOUR, answer: REPLACED, asked: ['password'], operations: ['read', 'write'] },
    ],
    [
      'a cache without a token is as good as an expired one',
      {
        afterInMs: 1,
        given: async (stage) => {
          const stored = await stage.table.read('entry of u in default')
          if (!stored?.entry) throw new Error('no entry')
          await stage.table.write(
            'entry of u in default',
            { ...stored.entry, serializedCache: '{}' },
            NOW,
            stored.etag,
          )
        },
        answer: REPLACED,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'a caller who needs more than is left gets a new one',
      {
        afterInMs: 50 * MINUTE - 1,
        asks: { minValidInMs: 10 * MINUTE + 1 },
        answer: REFRESHED,
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'a caller who needs less than is left gets the stored one',
      {
        afterInMs: 50 * MINUTE - 1,
        asks: { minValidInMs: 10 * MINUTE },
        answer: EXISTING,
        asked: [],
        operations: ['read'],
      },
    ],
    [
      'a passing failure costs nothing while the token lives',
      {
        afterInMs: HOUR - 1,
        given: ({ faults }) => (faults.refresh_token = PASSING),
        answer: NOT_RENEWED,
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'mark'],
      },
    ],
    [
      'a passing failure is the answer when the token has expired meanwhile',
      {
        afterInMs: HOUR - 1,
        given: (stage) => {
          stage.faults.refresh_token = PASSING
          stage.beforeAnswer = async () => stage.pass(1)
        },
        answer: 'temporarily_unavailable: down',
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'mark'],
      },
    ],
    [
      'a failure that does not pass is the answer, although the token lives',
      {
        afterInMs: 50 * MINUTE,
        given: ({ faults }) => (faults.refresh_token = MISCONFIGURED),
        answer: 'misconfigured: wrong secret',
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'mark'],
      },
    ],
    [
      'a dead grant is replaced by the password',
      {
        afterInMs: 50 * MINUTE,
        given: ({ faults }) => (faults.refresh_token = DEAD),
        answer: NEW,
        asked: ['refresh_token', 'password'],
        operations: ['read', 'mark', 'mark', 'write'],
      },
    ],
    [
      'a dead grant whose password is refused is forgotten',
      {
        afterInMs: 50 * MINUTE,
        given: (stage) => {
          stage.faults.refresh_token = DEAD
          stage.password = 'changed'
        },
        answer: 'invalid_credentials: wrong',
        asked: ['refresh_token', 'password'],
        operations: ['read', 'mark', 'mark', 'remove'],
      },
    ],
    [
      'a dead grant during an outage leaves the token that lives',
      {
        afterInMs: 50 * MINUTE,
        given: ({ faults }) => {
          faults.refresh_token = DEAD
          faults.password = PASSING
        },
        answer: NOT_RENEWED,
        asked: ['refresh_token', 'password'],
        operations: ['read', 'mark', 'mark'],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(answerOf(row))
  })
})

describe('with another password', () => {
  test.each<[string, Row]>([
    [
      'that is right, it replaces the entry',
      {
        afterInMs: 1,
        given: (stage) => (stage.password = 'new'),
        asks: { password: 'new' },
        answer: NEW,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'that is wrong, the entry stays',
      {
        afterInMs: 1,
        asks: { password: 'wrong' },
        answer: 'invalid_credentials: wrong',
        asked: ['password'],
        operations: ['read'],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(answerOf(row))
  })
})

describe('a password that was accepted some time ago', () => {
  const passwordMaxAgeInMs = 20 * MINUTE
  test.each<[string, Row]>([
    [
      'a moment before its greatest age is not asked with',
      {
        afterInMs: 20 * MINUTE - 1,
        passwordMaxAgeInMs,
        answer: EXISTING,
        asked: [],
        operations: ['read'],
      },
    ],
    [
      'at its greatest age is asked with again',
      {
        afterInMs: 20 * MINUTE,
        passwordMaxAgeInMs,
        answer: NEW,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'that was changed meanwhile is refused, and its entry forgotten',
      {
        afterInMs: 20 * MINUTE,
        passwordMaxAgeInMs,
        given: (stage) => (stage.password = 'changed'),
        answer: 'invalid_credentials: wrong',
        asked: ['password'],
        operations: ['read', 'remove'],
      },
    ],
    [
      'costs nothing in an outage while the token lives',
      {
        afterInMs: 20 * MINUTE,
        passwordMaxAgeInMs,
        given: ({ faults }) => (faults.password = PASSING),
        answer: NOT_RENEWED,
        asked: ['password'],
        operations: ['read'],
      },
    ],
    [
      'costs nothing in a lock while the token is fresh',
      {
        afterInMs: 20 * MINUTE,
        passwordMaxAgeInMs,
        given: ({ faults }) => (faults.password = LOCKED),
        answer: `${EXISTING}, identity_provider_unavailable (locked)`,
        asked: ['password'],
        operations: ['read'],
      },
    ],
    [
      'lets a token near its end be refreshed while the account is locked',
      {
        afterInMs: 50 * MINUTE,
        passwordMaxAgeInMs: 50 * MINUTE,
        given: ({ faults }) => (faults.password = LOCKED),
        answer: REFRESHED,
        asked: ['password', 'refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'lets a token near its end be served when it is locked and the refresh fails',
      {
        afterInMs: 50 * MINUTE,
        passwordMaxAgeInMs: 50 * MINUTE,
        given: ({ faults }) => {
          faults.password = LOCKED
          faults.refresh_token = PASSING
        },
        answer: `${EXISTING}, identity_provider_unavailable (locked)`,
        asked: ['password', 'refresh_token'],
        operations: ['read', 'mark', 'mark'],
      },
    ],
    [
      'lets an expired token be refreshed while the account is locked',
      {
        afterInMs: HOUR,
        given: ({ faults }) => (faults.password = LOCKED),
        answer: REFRESHED,
        asked: ['password', 'refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'lets an expired token be refreshed until twice its greatest age',
      {
        afterInMs: 2 * HOUR - 1,
        passwordMaxAgeInMs: HOUR,
        given: ({ faults }) => (faults.password = LOCKED),
        answer: REFRESHED,
        asked: ['password', 'refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'refreshes nothing in a lock from twice its greatest age on',
      {
        afterInMs: 2 * HOUR,
        passwordMaxAgeInMs: HOUR,
        given: ({ faults }) => (faults.password = LOCKED),
        answer: 'account_locked: locked',
        asked: ['password'],
        operations: ['read'],
      },
    ],
    [
      'is told of the lock when the refresh fails and the token has expired',
      {
        afterInMs: HOUR,
        given: ({ faults }) => {
          faults.password = LOCKED
          faults.refresh_token = PASSING
        },
        answer: 'account_locked: locked',
        asked: ['password', 'refresh_token'],
        operations: ['read', 'mark', 'mark'],
      },
    ],
    [
      'is told of the outage when the token has expired',
      {
        afterInMs: HOUR,
        given: ({ faults }) => (faults.password = PASSING),
        answer: 'temporarily_unavailable: down',
        asked: ['password'],
        operations: ['read'],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(answerOf(row))
  })
})

describe('the profile', () => {
  test.each<[string, Row]>([
    [
      'with another fingerprint has no use for the entry',
      {
        afterInMs: 1,
        given: (stage) => (stage.profileOf = async (name) => ({ ...PROFILE, name, fingerprint: 'f2' })),
        answer: NEW,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'that is not there any more serves nobody',
      {
        afterInMs: 1,
        given: (stage) => (stage.profileOf = () => Promise.reject(new BrokerError('unknown_client'))),
        answer: 'unknown_client',
        asked: [],
        operations: [],
      },
    ],
    [
      'may bear fewer wrong passwords than the settings say',
      {
        afterInMs: 1,
        given: async (stage) => {
          stage.profileOf = async (name) => ({ ...PROFILE, name, maxRefusedPasswords: 1 })
          await stage.ask(stage.instance(), { password: 'wrong' })
        },
        asks: { password: 'wrong too' },
        answer: 'account_locked: guard_full',
        asked: [],
        operations: ['read'],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(answerOf(row))
  })
})

describe('the store', () => {
  const failing =
    (name: string, fault: Error) =>
    (stage: CoreStage): void => {
      stage.storeFault = (operation, apply) => (operation === name ? Promise.reject(fault) : apply())
    }
  test.each<[string, Row]>([
    [
      'that cannot be read costs a sign-in, and a warning',
      {
        afterInMs: 1,
        given: failing('read', DOWN),
        answer: `${NEW}, token_store_unavailable (Error 503), token_not_stored (Error 503)`,
        asked: ['password'],
        operations: ['read', 'write', 'read'],
      },
    ],
    [
      'whose key cannot be had is the answer',
      {
        afterInMs: 1,
        given: failing('read', new BrokerError('misconfigured', { logDetail: 'no key' })),
        answer: 'misconfigured: no key',
        asked: [],
        operations: ['read'],
      },
    ],
    [
      'whose row cannot be opened is overwritten, with a warning',
      {
        afterInMs: 1,
        given: (stage) => {
          stage.storeFault = async (operation, apply) => {
            const result = await apply()
            return operation === 'read' ? { ...(result as object), entry: undefined } : result
          }
        },
        answer: `${NEW}, stored_token_unreadable`,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'that takes no writes costs a warning',
      {
        afterInMs: HOUR,
        given: failing('write', DOWN),
        answer: `${REPLACED}, token_not_stored (Error 503)`,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'for which the entry is too large costs a warning of its own',
      {
        afterInMs: HOUR,
        given: failing('write', new EntryTooLargeError(2, 1)),
        answer: `${REPLACED}, token_too_large_to_store (EntryTooLargeError)`,
        asked: ['password'],
        operations: ['read', 'write'],
      },
    ],
    [
      'that grants no lease does not keep a caller waiting',
      {
        afterInMs: 50 * MINUTE,
        given: failing('mark', DOWN),
        answer: REFRESHED,
        asked: ['refresh_token'],
        operations: ['read', 'mark', 'write'],
      },
    ],
    [
      'that cannot remove an entry whose password is refused does not hide that',
      {
        afterInMs: HOUR,
        given: (stage) => {
          stage.password = 'changed'
          failing('remove', DOWN)(stage)
        },
        answer: 'invalid_credentials: wrong',
        asked: ['password'],
        operations: ['read', 'remove'],
      },
    ],
  ])('%s', async (_, row) => {
    expect(await judge(row)).toEqual(answerOf(row))
  })
})

test('who needs the token for longer than it lives is told that another instance has not finished: that passes', async () => {
  const stage = createCoreStage()
  await stage.ask(stage.instance())
  stage.pass(50 * MINUTE)
  const stored = await stage.table.read('entry of u in default')
  const leasedUntilTimestamp = stage.now() + 19_000
  await stage.table.mark('entry of u in default', { leasedUntilTimestamp }, stored?.etag ?? '')
  expect(await stage.ask(stage.instance(), { minValidInMs: 20 * MINUTE })).toBe(
    'temporarily_unavailable: another instance has not finished',
  )
})

describe('the use of an entry', () => {
  const lastUse = async (afterInMs: number, given: (stage: CoreStage) => unknown = () => {}) => {
    // A token that lives longer, so that it is served without being renewed.
    const stage = createCoreStage()
    stage.tokenLifetimeInMs = 2 * HOUR
    await stage.ask(stage.instance())
    stage.pass(afterInMs)
    await given(stage)
    await stage.ask(stage.instance())
    const stored = await stage.table.read('entry of u in default')
    return [(stored?.lastUsedTimestamp ?? 0) - NOW, stored?.leasedUntilTimestamp]
  }

  test.each([
    ['is not noted within an hour', HOUR - 1, 0],
    ['is noted after it', HOUR, HOUR],
  ])('%s', async (_, afterInMs, lastUsedInMs) => {
    expect(await lastUse(afterInMs)).toEqual([lastUsedInMs, 0])
  })

  test.each([
    ['while another instance holds the lease it is not', 1, 0],
    ['when the lease is over it is', 0, HOUR],
  ])('%s', async (_, aheadInMs, lastUsedInMs) => {
    const leasedUntilTimestamp = NOW + HOUR + aheadInMs
    const leased = async ({ table }: CoreStage) => {
      const stored = await table.read('entry of u in default')
      await table.mark('entry of u in default', { leasedUntilTimestamp }, stored?.etag ?? '')
    }
    expect(await lastUse(HOUR, leased)).toEqual([lastUsedInMs, leasedUntilTimestamp])
  })

  test('that was served although it was not renewed is noted as well', async () => {
    const stage = createCoreStage({ passwordMaxAgeInMs: HOUR })
    stage.tokenLifetimeInMs = 2 * HOUR
    await stage.ask(stage.instance())
    stage.pass(HOUR)
    stage.faults.password = PASSING
    expect(await stage.ask(stage.instance())).toBe(NOT_RENEWED)
    expect((await stage.table.read('entry of u in default'))?.lastUsedTimestamp).toBe(NOW + HOUR)
  })

  test('brings back a hint that was lost, and none that is over', async () => {
    const stage = createCoreStage()
    await stage.ask(stage.instance())
    const hint = { entryKey: 'entry of u in default', dueTimestamp: NOW + 50 * MINUTE }
    await stage.dueIndex.remove(hint)
    await stage.ask(stage.instance())
    expect(await stage.hints()).toEqual([['entry of u in default', 50 * MINUTE]])
    await stage.dueIndex.remove(hint)
    stage.pass(50 * MINUTE)
    stage.faults.refresh_token = PASSING
    expect(await stage.ask(stage.instance())).toBe(NOT_RENEWED)
    expect(await stage.hints()).toEqual([])
  })

  test('costs no answer when neither can be written', async () => {
    const stage = createCoreStage()
    stage.tokenLifetimeInMs = 2 * HOUR
    await stage.ask(stage.instance())
    stage.pass(HOUR)
    stage.storeFault = (operation, apply) => (operation === 'mark' ? Promise.reject(DOWN) : apply())
    stage.dueIndex.add = () => Promise.reject(DOWN)
    expect(await stage.ask(stage.instance())).toBe(EXISTING)
  })
})

test('a password that was refused under another profile is asked with again, whatever the entry says', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  await stage.ask(core)
  stage.password = 'another'
  stage.pass(1)
  expect(await stage.ask(core, { client: 'other' })).toBe('invalid_credentials: wrong')
  // Within the window nobody is asked; after it the entry is not believed.
  stage.pass(10 * MINUTE)
  stage.password = 'the password'
  stage.forgetHistory()
  expect(await stage.ask(core)).toBe(NEW)
  expect(stage.asked).toEqual(['password'])
})

test('an error says whose entry it is about, and by which request Entra ID knows it', async () => {
  const stage = createCoreStage()
  const request = {
    username: 'U',
    password: 'wrong',
    client: 'default',
    minValidInMs: 0,
    correlationId: 'mine',
  }
  await expect(stage.instance().tokenSource(request)).rejects.toMatchObject({
    code: 'invalid_credentials',
    details: { entryKey: 'entry of u in default', correlationId: 'mine' },
  })
})

test('a fault that nobody foresaw stays what it is', async () => {
  const stage = createCoreStage()
  stage.faults.password = new RangeError('unforeseen')
  await expect(stage.ask(stage.instance())).rejects.toThrow(new RangeError('unforeseen'))
  // The password may have been sent: it keeps its place.
  stage.faults.password = undefined as never
  expect(await stage.ask(stage.instance())).toBe('temporarily_unavailable: guard_lost_answer')
})

test('an answer says who acquired its token, when its password was sent, and whose it is', async () => {
  const stage = createCoreStage()
  const request = {
    username: 'u',
    password: 'the password',
    client: 'default',
    minValidInMs: 0,
    correlationId: 'c',
  }
  stage.beforeAnswer = async () => stage.pass(400)
  expect(await stage.instance().tokenSource(request)).toEqual({
    token: {
      value: 'token 1',
      acquiredOnTimestamp: NOW + 400,
      expiresOnTimestamp: NOW + 400 + HOUR,
    },
    action: 'retrieved new token',
    source: 'identity_provider',
    warnings: [],
    entryKey: 'entry of u in default',
    verifiedOnTimestamp: NOW,
    correlationId: 'c',
  })
})
