import { describe, expect, test } from '@jest/globals'
import type { TokenRequest } from '../../../src/core/request/token-request.ts'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const MEMORY_AGE = 5 * MINUTE
const PASSING = refusalOf({
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'unknown',
  detail: 'down',
})

const IN_MEMORY = 'token 1, returned existing token, memory'
const IN_STORE = 'token 1, returned existing token, store'
const REFRESHED = 'token 2, refreshed existing token, identity_provider'
const NEW = 'token 2, retrieved new token, identity_provider'

interface Row {
  /** Since the same instance gave out `token 1`. */
  readonly afterInMs: number
  readonly lifetimeInMs?: number
  readonly given?: (stage: CoreStage) => unknown
  readonly asks?: Partial<TokenRequest>
  readonly answer: string
  /** Of the identity provider. */
  readonly asked: readonly string[]
  /** On the entry store. */
  readonly operations: readonly string[]
}

async function judge({ afterInMs, lifetimeInMs = HOUR, given, asks }: Row) {
  const stage = createCoreStage()
  stage.tokenLifetimeInMs = lifetimeInMs
  const core = stage.instance()
  await stage.ask(core)
  stage.pass(afterInMs)
  await given?.(stage)
  stage.forgetHistory()
  const answer = await stage.ask(core, asks)
  return { answer, asked: stage.asked, operations: stage.operations }
}

test.each<[string, Row]>([
  [
    'a token is served again without a look at the store',
    { afterInMs: MEMORY_AGE, answer: IN_MEMORY, asked: [], operations: [] },
  ],
  [
    'after five minutes the store is looked at',
    { afterInMs: MEMORY_AGE + 1, answer: IN_STORE, asked: [], operations: ['read'] },
  ],
  [
    'user names are not told apart by case',
    { afterInMs: 1, asks: { username: 'U' }, answer: IN_MEMORY, asked: [], operations: [] },
  ],
  [
    'another profile is another user',
    {
      afterInMs: 1,
      asks: { client: 'crm' },
      answer: NEW,
      asked: ['password'],
      operations: ['read', 'write'],
    },
  ],
  [
    'a wrong password does not hit',
    {
      afterInMs: 1,
      asks: { password: 'wrong' },
      answer: 'invalid_credentials: wrong',
      asked: ['password'],
      operations: ['read'],
    },
  ],
  [
    'a token at its threshold is not served without a refresh',
    {
      afterInMs: 2 * MINUTE,
      lifetimeInMs: 4 * MINUTE,
      answer: REFRESHED,
      asked: ['refresh_token'],
      operations: ['read', 'mark', 'write'],
    },
  ],
  [
    'a token before its threshold is',
    { afterInMs: 2 * MINUTE - 1, lifetimeInMs: 4 * MINUTE, answer: IN_MEMORY, asked: [], operations: [] },
  ],
  [
    'a caller who needs less than is left is served',
    {
      afterInMs: 5 * MINUTE,
      asks: { minValidInMs: 55 * MINUTE - 1 },
      answer: IN_MEMORY,
      asked: [],
      operations: [],
    },
  ],
  [
    'a caller who needs more than is left gets a new one',
    {
      afterInMs: 5 * MINUTE,
      asks: { minValidInMs: 55 * MINUTE + 1 },
      answer: REFRESHED,
      asked: ['refresh_token'],
      operations: ['read', 'mark', 'write'],
    },
  ],
  [
    'a caller who needs more than any token lives is told so, and nobody is asked',
    {
      afterInMs: 5 * MINUTE,
      asks: { minValidInMs: HOUR + 1 },
      answer: 'invalid_request',
      asked: [],
      operations: [],
    },
  ],
  [
    'a caller who needs more than is left is told of an outage, although a token lives',
    {
      afterInMs: 5 * MINUTE,
      given: ({ faults }) => (faults.refresh_token = PASSING),
      asks: { minValidInMs: 55 * MINUTE + 1 },
      answer: 'temporarily_unavailable: down',
      asked: ['refresh_token'],
      operations: ['read', 'mark', 'mark'],
    },
  ],
])('%s', async (_, row) => {
  const { answer, asked, operations } = row
  expect(await judge(row)).toEqual({ answer, asked, operations })
})

test('a new token that is too short for its caller is refused with what it lives, and kept for others', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  const request = { username: 'u', password: stage.password, client: 'default', correlationId: 'id' }
  await expect(core.tokenSource({ ...request, minValidInMs: HOUR + 1_000 })).rejects.toMatchObject({
    code: 'invalid_request',
    details: {
      description:
        'min_valid_seconds asks for 3601 s, but the token lives only 3600 s, and a new one would not live longer.',
      remedy: 'Ask for less, or leave min_valid_seconds out.',
    },
  })
  expect(await stage.ask(core)).toBe(IN_MEMORY)
})

describe('a new password', () => {
  test('retires the old one in memory at once', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.password = 'new'
    stage.pass(1)
    expect(await stage.ask(core, { password: 'new' })).toBe(NEW)
    expect(await stage.ask(core, { password: 'the password' })).toBe('invalid_credentials: wrong')
    expect(await stage.ask(core, { password: 'new' })).toBe('token 2, returned existing token, memory')
  })

  test('that is accepted in the same millisecond as another replaces it', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.password = 'new'
    expect(await stage.ask(core, { password: 'new' })).toBe(NEW)
    expect(await stage.ask(core, { password: 'new' })).toBe('token 2, returned existing token, memory')
  })
})

describe('memory after a refusal', () => {
  test('forgets the token of the password that was refused', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.password = 'changed'
    // More than is left is asked for, so that memory does not answer; the grant is dead, so that the password is asked with.
    stage.faults.refresh_token = refusalOf({ category: 'dead_grant' })
    stage.pass(MINUTE)
    expect(await stage.ask(core, { minValidInMs: HOUR - 1 })).toBe('invalid_credentials: wrong')
    stage.forgetHistory()
    expect(await stage.ask(core)).toBe('invalid_credentials: known_refused')
    expect(stage.asked).toEqual([])
  })

  test('keeps the token of the right password when another one is refused', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    expect(await stage.ask(core, { password: 'wrong' })).toBe('invalid_credentials: wrong')
    expect(await stage.ask(core)).toBe(IN_MEMORY)
  })

  test('keeps the token when the failure is another one', async () => {
    const stage = createCoreStage()
    const core = stage.instance()
    await stage.ask(core)
    stage.faults.refresh_token = refusalOf({ category: 'misconfigured', scope: 'profile', detail: 'secret' })
    stage.pass(MINUTE)
    expect(await stage.ask(core, { minValidInMs: HOUR - 1 })).toBe('misconfigured: secret')
    expect(await stage.ask(core)).toBe(IN_MEMORY)
  })
})

describe('requests at the same time', () => {
  const held = () => {
    const stage = createCoreStage()
    const { promise, resolve } = Promise.withResolvers<void>()
    stage.beforeAnswer = () => promise
    return { stage, core: stage.instance(), answer: resolve }
  }

  test('for the same share one sign-in', async () => {
    const { stage, core, answer } = held()
    const asking = [stage.ask(core), stage.ask(core), stage.ask(core, { username: 'U' })]
    answer()
    const one = 'token 1, retrieved new token, identity_provider'
    expect([await Promise.all(asking), stage.asked]).toEqual([[one, one, one], ['password']])
  })

  test('with different passwords do not', async () => {
    const { stage, core, answer } = held()
    const asking = [stage.ask(core), stage.ask(core, { password: 'wrong' })]
    answer()
    expect(await Promise.all(asking)).toEqual([
      'token 1, retrieved new token, identity_provider',
      'invalid_credentials: wrong',
    ])
  })

  test('each get what they need: who joined and needs more asks once more', async () => {
    const stage = createCoreStage()
    await stage.ask(stage.instance())
    stage.pass(20 * MINUTE)
    const core = stage.instance()
    stage.forgetHistory()
    const answers = await Promise.all([stage.ask(core), stage.ask(core, { minValidInMs: 50 * MINUTE })])
    expect(answers).toEqual([IN_STORE, REFRESHED])
    expect(stage.asked).toEqual(['refresh_token'])
  })

  test('who joined and needs more than any token lives is told so', async () => {
    const { stage, core, answer } = held()
    const asking = [stage.ask(core), stage.ask(core, { minValidInMs: HOUR + 1 })]
    answer()
    expect(await Promise.all(asking)).toEqual([
      'token 1, retrieved new token, identity_provider',
      'invalid_request',
    ])
    expect(stage.asked).toEqual(['password'])
  })

  test('who joined and needs more during an outage is told of it after one more try', async () => {
    const stage = createCoreStage()
    await stage.ask(stage.instance())
    stage.pass(50 * MINUTE)
    stage.faults.refresh_token = PASSING
    const core = stage.instance()
    stage.forgetHistory()
    const answers = await Promise.all([stage.ask(core), stage.ask(core, { minValidInMs: 20 * MINUTE })])
    expect(answers).toEqual([
      `${IN_STORE}, identity_provider_unavailable (down)`,
      'temporarily_unavailable: down',
    ])
    expect(stage.asked).toEqual(['refresh_token', 'refresh_token'])
  })
})

test('an answer from memory is whole, and says of whom it is', async () => {
  const stage = createCoreStage()
  const core = stage.instance()
  const request = { username: 'u', password: stage.password, client: 'default', minValidInMs: 0 }
  await core.tokenSource({ ...request, correlationId: 'first' })
  expect(await core.tokenSource({ ...request, correlationId: 'second' })).toEqual({
    token: { value: 'token 1', acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + HOUR },
    entryKey: 'entry of u in default',
    verifiedOnTimestamp: NOW,
    action: 'returned existing token',
    source: 'memory',
    warnings: [],
  })
})
