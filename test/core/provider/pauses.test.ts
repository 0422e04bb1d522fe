import { expect, test } from '@jest/globals'
import type { ClientProfile } from '../../../src/core/client-profile.ts'
import { createPauses } from '../../../src/core/provider/pauses.ts'
import { IdentityProviderError, type ProviderFailure } from '../../../src/core/provider/provider-failure.ts'

const profileOf = (name: string, authority: string): ClientProfile => ({
  name,
  authority,
  clientId: 'client',
  scopes: ['s'],
  fingerprint: 'f',
  grants: [],
  clientFingerprint: 'c',
})
const ALPHA = profileOf('alpha', 'https://a/alpha')
const ALPHA_TOO = profileOf('alpha-too', 'https://a/alpha')
const BETA = profileOf('beta', 'https://a/beta')

const failureOf = (fields: Partial<ProviderFailure>): ProviderFailure => ({
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'not_judged',
  isHeldBack: false,
  detail: 'status 503',
  ...fields,
})
const OUTAGE = failureOf({})
const WRONG_PASSWORD = failureOf({ category: 'invalid_credentials', scope: 'account', judgement: 'judged' })
const AGENT_SLOW = failureOf({ scope: 'on_premises', judgement: 'unknown', aadsts: 80002 })
const WRONG_SECRET = failureOf({ category: 'misconfigured', scope: 'profile', aadsts: 7000215 })

function createStage() {
  let time = 0
  let calls = 0
  let failure: ProviderFailure | undefined
  let gate: Promise<void> | undefined
  const pauses = createPauses(() => time)
  return {
    /** @returns `token`, what the failure was, or for how long it is held back. */
    ask: async (entryKey: string, profile = ALPHA): Promise<string> => {
      try {
        return await pauses.run({ profile, entryKey }, async () => {
          calls++
          const outcome = failure
          await gate
          if (outcome) throw new IdentityProviderError(outcome)
          return 'token'
        })
      } catch (error) {
        const { isHeldBack, retryAfterInMs, category } = (error as IdentityProviderError).failure
        return isHeldBack ? `held back for ${retryAfterInMs}` : category
      }
    },
    heldBack: (entryKey: string, profile = ALPHA) => pauses.heldBack({ profile, entryKey }),
    pass: (timeInMs: number) => void (time += timeInMs),
    fail: (as: ProviderFailure | undefined) => void (failure = as),
    hold: (until: Promise<void> | undefined) => void (gate = until),
    get calls() {
      return calls
    },
  }
}

test("one user's 429 pauses that user for the time it asks, and nobody else", async () => {
  const stage = createStage()
  stage.fail(failureOf({ retryAfterInMs: 7_000 }))
  expect(await stage.ask('ann')).toBe('temporarily_unavailable')
  stage.fail(undefined)
  expect(await stage.ask('ann')).toBe('held back for 7000')
  expect(await stage.ask('bob')).toBe('token')
  expect(await stage.ask('cid', BETA)).toBe('token')
  stage.pass(6_999)
  expect(await stage.ask('ann')).toBe('held back for 1000')
  stage.pass(1)
  expect(await stage.ask('ann')).toBe('token')
  expect(stage.calls).toBe(4)
})

test("several users' 429 pause the authority, for as long as it asks, and no other authority", async () => {
  const stage = createStage()
  stage.fail(failureOf({ retryAfterInMs: 90_000 }))
  for (const user of ['ann', 'bob', 'cid']) expect(await stage.ask(user)).toBe('temporarily_unavailable')
  stage.fail(undefined)
  expect(await stage.ask('dan')).toBe('held back for 90000')
  expect(await stage.ask('dan', ALPHA_TOO)).toBe('held back for 90000')
  expect(await stage.ask('eve', BETA)).toBe('token')
  stage.pass(90_000)
  expect(await stage.ask('dan')).toBe('token')
})

test('a Retry-After of an hour is cut to five minutes', async () => {
  const stage = createStage()
  stage.fail(failureOf({ retryAfterInMs: 3_600_000 }))
  await stage.ask('ann')
  expect(await stage.ask('ann')).toBe('held back for 300000')
})

test('three failures of one user in a row pause that user; each one more doubles the pause up to 30 s', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (let n = 0; n < 3; n++) expect(await stage.ask('ann')).toBe('temporarily_unavailable')
  const pauses: number[] = []
  for (let n = 0; n < 7; n++) {
    const held = /held back for (\d+)/.exec(await stage.ask('ann'))
    pauses.push(Number(held?.[1]))
    stage.pass(Number(held?.[1]))
    expect(await stage.ask('ann')).toBe('temporarily_unavailable')
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  stage.fail(undefined)
  expect(await stage.ask('bob')).toBe('token')
})

test('two users who fail all the time pause themselves, and a third is asked', async () => {
  const stage = createStage()
  for (let second = 0; second < 600; second++) {
    stage.fail(OUTAGE)
    await stage.ask('ann')
    await stage.ask('bob')
    stage.fail(undefined)
    expect(await stage.ask('cid')).toBe('token')
    stage.pass(1_000)
  }
})

test('three users who fail within a minute, nobody answered between, pause the authority', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  await stage.ask('ann')
  await stage.ask('bob')
  stage.pass(59_999)
  await stage.ask('cid')
  expect(await stage.ask('dan')).toBe('held back for 1000')
})

test.each([
  ['a minute apart', (stage: ReturnType<typeof createStage>) => stage.pass(60_000)],
  [
    'with an answer between',
    async (stage: ReturnType<typeof createStage>) => {
      stage.fail(WRONG_PASSWORD)
      expect(await stage.ask('zoe')).toBe('invalid_credentials')
      stage.fail(OUTAGE)
    },
  ],
])('three users who fail %s do not', async (_, between) => {
  const stage = createStage()
  stage.fail(OUTAGE)
  await stage.ask('ann')
  await stage.ask('bob')
  await between(stage)
  await stage.ask('cid')
  expect(await stage.ask('dan')).toBe('temporarily_unavailable')
})

test('an account whose on-premises agent is too slow is paused, its failure is told, and nobody else suffers', async () => {
  const stage = createStage()
  for (let second = 0; second < 3600; second += 2) {
    stage.fail(AGENT_SLOW)
    await stage.ask('noisy')
    stage.fail(undefined)
    expect(await stage.ask(`user${second}`)).toBe('token')
    stage.pass(2_000)
  }
  // 1, 2, 4, 8, 16, 30, 30, … seconds.
  expect(stage.calls - 1800).toBe(124)
  stage.fail(AGENT_SLOW)
  stage.pass(30_000)
  await stage.ask('noisy')
  expect(stage.heldBack('noisy')).toEqual({
    category: 'temporarily_unavailable',
    scope: 'on_premises',
    judgement: 'not_judged',
    isHeldBack: true,
    retryAfterInMs: 30_000,
    aadsts: 80002,
    detail: 'held_back status 503',
  })
})

test('a profile that is wrong is asked once in 30 s, with the same answer meanwhile; other profiles go on', async () => {
  const stage = createStage()
  stage.fail(WRONG_SECRET)
  expect(await stage.ask('ann')).toBe('misconfigured')
  stage.fail(undefined)
  expect(stage.heldBack('bob')).toMatchObject({
    category: 'misconfigured',
    aadsts: 7000215,
    isHeldBack: true,
  })
  expect(await stage.ask('ann', ALPHA_TOO)).toBe('token')
  stage.pass(29_999)
  expect(await stage.ask('bob')).toMatch(/^held back/)
  stage.pass(1)
  expect(await stage.ask('bob')).toBe('token')
})

test('an hour of outage costs a bounded number of calls, whatever is asked', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (let second = 0; second < 3600; second++) {
    await Promise.all(['ann', 'bob', 'cid', 'dan', 'eve'].map((user) => stage.ask(user)))
    stage.pass(1000)
  }
  expect(stage.calls).toBeLessThan(140)
})

test('after a pause one call probes; the others go on when it has succeeded', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.pass(1000)
  stage.fail(undefined)
  let open = () => {}
  stage.hold(new Promise((resolve) => (open = resolve)))
  const probe = stage.ask('dan')
  expect(await stage.ask('eve')).toBe('held back for 1000')
  open()
  expect(await probe).toBe('token')
  expect(await Promise.all(['eve', 'ann'].map((user) => stage.ask(user)))).toEqual(['token', 'token'])
})

test('the account that failed last does not probe while another one may come, and does after a further pause', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.pass(1000)
  expect(await stage.ask('cid')).toBe('held back for 1000')
  stage.pass(999)
  expect(await stage.ask('cid')).toBe('held back for 1000')
  stage.pass(1)
  expect(await stage.ask('cid')).toBe('temporarily_unavailable')
  expect(await stage.ask('dan')).toBe('held back for 2000')
})

test('a call that began before a pause does not end it', async () => {
  const stage = createStage()
  let open = () => {}
  stage.hold(new Promise((resolve) => (open = resolve)))
  stage.fail(WRONG_PASSWORD)
  const straggler = stage.ask('zoe')
  stage.hold(undefined)
  stage.fail(failureOf({ retryAfterInMs: 120_000 }))
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  open()
  expect(await straggler).toBe('invalid_credentials')
  expect(await stage.ask('dan')).toBe('held back for 120000')
})

test('a pause that nobody has asked after for a minute is forgotten: nobody waits for a probe', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.fail(undefined)
  stage.pass(1000 + 59_999)
  let open = () => {}
  stage.hold(new Promise((resolve) => (open = resolve)))
  const probe = stage.ask('dan')
  expect(await stage.ask('eve')).toBe('held back for 1000')
  open()
  await probe
  stage.hold(undefined)
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.fail(undefined)
  stage.pass(1000 + 60_000)
  stage.hold(new Promise((resolve) => (open = resolve)))
  const both = [stage.ask('dan'), stage.ask('eve')]
  open()
  expect(await Promise.all(both)).toEqual(['token', 'token'])
})

test('after a pause that was forgotten a failure is one account’s again', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.pass(1000 + 60_000)
  await stage.ask('dan')
  stage.fail(undefined)
  expect(await stage.ask('eve')).toBe('token')
})

test('calls that began before a pause, and fail in it, do not lengthen it', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  await Promise.all(['ann', 'bob', 'cid', 'dan', 'eve'].map((user) => stage.ask(user)))
  expect(await stage.ask('fay')).toBe('held back for 1000')
  stage.pass(1000)
  stage.fail(undefined)
  expect(await stage.ask('fay')).toBe('token')
})

test('a call that began before a pause, and ends while one probes, lets nobody else in', async () => {
  const stage = createStage()
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  stage.hold(first.promise)
  stage.fail(WRONG_PASSWORD)
  const straggler = stage.ask('zoe')
  stage.hold(undefined)
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.pass(1000)
  stage.fail(undefined)
  stage.hold(second.promise)
  const probe = stage.ask('dan')
  first.resolve()
  expect(await straggler).toBe('invalid_credentials')
  expect(await stage.ask('eve')).toBe('held back for 1000')
  second.resolve()
  expect(await probe).toBe('token')
})

test('a probe whose account alone fails, in passing, proves that the authority is there', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (const user of ['ann', 'bob', 'cid']) await stage.ask(user)
  stage.pass(1000)
  stage.fail(AGENT_SLOW)
  expect(await stage.ask('dan')).toBe('temporarily_unavailable')
  stage.fail(undefined)
  expect(await stage.ask('eve')).toBe('token')
})

test('an account’s own passing failure is an answer: the failures of others before it do not count', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  await stage.ask('ann')
  await stage.ask('bob')
  stage.fail(AGENT_SLOW)
  await stage.ask('zoe')
  stage.fail(OUTAGE)
  await stage.ask('cid')
  stage.fail(undefined)
  expect(await stage.ask('dan')).toBe('token')
})

test('any other answer ends the row of failures of an account', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  await stage.ask('ann')
  await stage.ask('ann')
  stage.fail(WRONG_PASSWORD)
  await stage.ask('ann')
  stage.fail(OUTAGE)
  await stage.ask('ann')
  stage.fail(undefined)
  expect(await stage.ask('ann')).toBe('token')
})
