import { expect, test } from '@jest/globals'
import type { ClientProfile } from '../../../src/core/client-profile.ts'
import type { IdentityProvider } from '../../../src/core/provider/identity-provider.ts'
import { IdentityProviderError, type ProviderFailure } from '../../../src/core/provider/provider-failure.ts'
import { withBackoff } from '../../../src/core/provider/provider-backoff.ts'

const profileOf = (authority: string): ClientProfile => ({
  name: 'default',
  authority,
  clientId: 'client',
  scopes: ['s'],
  fingerprint: 'f',
})
const ALPHA = profileOf('https://a/alpha')
const BETA = profileOf('https://a/beta')
const PERSIST = async () => ({ kind: 'stored' as const })
const OUTAGE: ProviderFailure = {
  category: 'temporarily_unavailable',
  scope: 'service',
  judgement: 'not_judged',
  isHeldBack: false,
  detail: '503',
}
const WRONG_PASSWORD: ProviderFailure = {
  category: 'invalid_credentials',
  scope: 'account',
  judgement: 'judged',
  isHeldBack: false,
  detail: '50126',
}

function createStage() {
  let now = 0
  let calls = 0
  let failure: ProviderFailure | undefined
  let gate: Promise<void> | undefined
  const answer = async () => {
    calls++
    await gate
    if (failure) throw new IdentityProviderError(failure)
    const token = { value: 't', acquiredOnTimestamp: 0, expiresOnTimestamp: 10 ** 12 }
    return { token, stored: { kind: 'stored' as const } }
  }
  const provider: IdentityProvider = {
    acquireByPassword: answer,
    acquireByRefreshToken: answer,
    cachedTokenOf: () => undefined,
  }
  const guarded = withBackoff(provider, () => now)
  return {
    ask: async (profile = ALPHA): Promise<string> => {
      try {
        await guarded.acquireByPassword(profile, { username: 'u', password: 'p' }, PERSIST, 'id')
        return 'token'
      } catch (error) {
        const { isHeldBack, retryAfterInMs } = (error as IdentityProviderError).failure
        return isHeldBack ? `held back for ${retryAfterInMs}` : 'failed'
      }
    },
    pass: (timeInMs: number) => void (now += timeInMs),
    fail: (as: ProviderFailure | undefined) => void (failure = as),
    hold: (until: Promise<void> | undefined) => void (gate = until),
    get calls() {
      return calls
    },
  }
}

test('Retry-After holds back every call to that authority, and to no other', async () => {
  const stage = createStage()
  stage.fail({ ...OUTAGE, retryAfterInMs: 7_000 })
  expect(await stage.ask()).toBe('failed')
  stage.fail(undefined)
  expect(await stage.ask()).toBe('held back for 7000')
  expect(await stage.ask(BETA)).toBe('token')
  stage.pass(6_999)
  expect(await stage.ask()).toBe('held back for 1000')
  stage.pass(1)
  expect(await stage.ask()).toBe('token')
  expect(stage.calls).toBe(3)
})

test('a Retry-After of an hour is cut to five minutes', async () => {
  const stage = createStage()
  stage.fail({ ...OUTAGE, retryAfterInMs: 3_600_000 })
  await stage.ask()
  expect(await stage.ask()).toBe('held back for 300000')
})

test('five failures in a row pause the calls; each failed probe doubles the pause up to 30 s', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (let n = 0; n < 5; n++) expect(await stage.ask()).toBe('failed')
  const pauses: number[] = []
  for (let n = 0; n < 7; n++) {
    const held = /held back for (\d+)/.exec(await stage.ask())
    pauses.push(Number(held?.[1]))
    stage.pass(Number(held?.[1]))
    expect(await stage.ask()).toBe('failed')
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(stage.calls).toBe(12)
})

test('an hour of outage costs a bounded number of calls, whatever is asked', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (let second = 0; second < 3600; second++) {
    await Promise.all([stage.ask(), stage.ask(), stage.ask()])
    stage.pass(1000)
  }
  expect(stage.calls).toBeLessThan(140)
})

test('after a pause one call probes; the others go on when it has succeeded', async () => {
  const stage = createStage()
  stage.fail(OUTAGE)
  for (let n = 0; n < 5; n++) await stage.ask()
  stage.pass(1000)
  stage.fail(undefined)
  let open = () => {}
  stage.hold(new Promise((resolve) => (open = resolve)))
  const probe = stage.ask()
  expect(await stage.ask()).toBe('held back for 1000')
  open()
  expect(await probe).toBe('token')
  expect(await Promise.all([stage.ask(), stage.ask()])).toEqual(['token', 'token'])
})

test('a call that began before a pause does not end it', async () => {
  const stage = createStage()
  let open = () => {}
  stage.hold(new Promise((resolve) => (open = resolve)))
  const straggler = stage.ask()
  stage.hold(undefined)
  stage.fail({ ...OUTAGE, retryAfterInMs: 120_000 })
  await stage.ask()
  stage.fail(WRONG_PASSWORD)
  open()
  expect(await straggler).toBe('failed')
  expect(await stage.ask()).toBe('held back for 120000')
})

test('after Retry-After one call probes, and a Retry-After of 0 is none', async () => {
  const stage = createStage()
  stage.fail({ ...OUTAGE, retryAfterInMs: 30_000 })
  await stage.ask()
  stage.pass(30_000)
  const answers = await Promise.all(Array.from({ length: 10 }, () => stage.ask()))
  expect(answers.filter((answer) => answer === 'failed')).toHaveLength(1)
  expect(stage.calls).toBe(2)
  const other = createStage()
  other.fail({ ...OUTAGE, retryAfterInMs: 0 })
  for (let n = 0; n < 50; n++) await other.ask()
  expect(other.calls).toBe(5)
})

test('a wrong password is an answer: it ends a row of failures', async () => {
  const stage = createStage()
  for (let n = 0; n < 20; n++) {
    stage.fail(n % 4 === 3 ? WRONG_PASSWORD : OUTAGE)
    expect(await stage.ask()).toBe('failed')
  }
  expect(stage.calls).toBe(20)
})
