import { expect, test } from '@jest/globals'
import { createCoreStage, type CoreStage } from '../../support/core-stage.ts'
import { refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const SIGNED_IN = 'token 1, retrieved new token, identity_provider'
const IN_STORE = 'token 1, returned existing token, store'

/** One instance asks with the password; `afterPolls` looks of the other it is answered. */
async function whileAnotherAsks(
  stage: CoreStage,
  { afterPolls = Infinity, minValidInMs = 0, client = 'default' } = {},
) {
  const { promise: gate, resolve: answerIt } = Promise.withResolvers<void>()
  const { promise: isAsked, resolve: noteAsked } = Promise.withResolvers<void>()
  stage.delays.length = 0
  stage.forgetHistory()
  stage.beforeAnswer = () => {
    noteAsked()
    return gate
  }
  const first = stage.ask(stage.instance(), { client })
  await isAsked
  stage.beforeAnswer = async () => {}
  stage.onDelay = async () => {
    if (stage.delays.length === afterPolls) answerIt()
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  }
  const second = await stage.ask(stage.instance(), { minValidInMs })
  answerIt()
  return { first: await first, second, polls: stage.delays, asked: stage.asked }
}

test('the same password is asked once: the other instance looks every 200 ms, and finds the token in the store', async () => {
  expect(await whileAnotherAsks(createCoreStage(), { afterPolls: 3 })).toEqual({
    first: SIGNED_IN,
    second: IN_STORE,
    polls: [200, 200, 200],
    asked: ['password'],
  })
})

test('a password that is refused there is refused here, and asked once', async () => {
  const stage = createCoreStage()
  stage.password = 'changed'
  expect(await whileAnotherAsks(stage, { afterPolls: 1 })).toEqual({
    first: 'invalid_credentials: wrong',
    second: 'invalid_credentials: known_refused',
    polls: [200],
    asked: ['password'],
  })
})

test('an account that is locked there is locked here', async () => {
  const stage = createCoreStage()
  stage.faults.password = refusalOf({ category: 'account_locked', retryAfterInMs: HOUR, detail: '50053' })
  expect(await whileAnotherAsks(stage, { afterPolls: 1 })).toMatchObject({
    second: 'account_locked: guard_locked',
    asked: ['password'],
  })
})

test('a judgement there, such as multi-factor authentication, is the answer here', async () => {
  const stage = createCoreStage()
  stage.faults.password = refusalOf({ category: 'interaction_required', aadsts: 50076, detail: '50076' })
  expect(await whileAnotherAsks(stage, { afterPolls: 1 })).toMatchObject({
    first: 'interaction_required: 50076',
    second: 'interaction_required: known_judged',
    asked: ['password'],
  })
})

test('without a token it waits as long as a request may, and no longer', async () => {
  const stage = createCoreStage({ waitLimitInMs: 1_000 })
  expect(await whileAnotherAsks(stage)).toEqual({
    first: SIGNED_IN,
    second: 'temporarily_unavailable: another instance signs in',
    polls: [200, 200, 200, 200, 200],
    asked: ['password'],
  })
})

const createStageWithOldPassword = async () => {
  const stage = createCoreStage({ passwordMaxAgeInMs: 20 * MINUTE, waitLimitInMs: 1_000 })
  await stage.ask(stage.instance())
  stage.pass(20 * MINUTE)
  return stage
}

test('with a token that lives it does not wait at all', async () => {
  expect(await whileAnotherAsks(await createStageWithOldPassword())).toEqual({
    first: 'token 2, retrieved new token, identity_provider',
    second: IN_STORE,
    polls: [],
    asked: ['password'],
  })
})

test('with a token that lives, but not as long as the caller needs, it waits', async () => {
  expect(
    await whileAnotherAsks(await createStageWithOldPassword(), {
      afterPolls: 2,
      minValidInMs: 40 * MINUTE,
    }),
  ).toMatchObject({ second: 'token 2, returned existing token, store', polls: [200, 200] })
  expect(
    await whileAnotherAsks(await createStageWithOldPassword(), { minValidInMs: 40 * MINUTE - 1 }),
  ).toMatchObject({ second: IN_STORE, polls: [] })
})

test('a password that is accepted under another profile is asked with under this one', async () => {
  expect(await whileAnotherAsks(createCoreStage(), { afterPolls: 1, client: 'other' })).toEqual({
    first: SIGNED_IN,
    second: 'token 2, retrieved new token, identity_provider',
    polls: [200],
    asked: ['password', 'password'],
  })
})
