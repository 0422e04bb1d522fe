import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { runSecretScan } from './secret-scan.ts'
import type { DemoAnswer, DemoWorld } from './demo-world.ts'
import { demoUser, mfaUser } from './demo-tenant.ts'
import { connectAs } from './person.ts'

/** The broker's settings for the story: the timer runs every two seconds. */
export const demoSettings = { REFRESH_SCHEDULE: '*/2 * * * * *', REFRESH_THRESHOLD: '3' } as const

const shortLifetimeInSeconds = 8
const newPassword = 'Battery-Staple-Horse-2'
const wrongPassword = 'Not-The-Password-3'
const guesses = ['Not-The-Password-4', 'Not-The-Password-5', 'Not-The-Password-6'] as const
const waitLimitInMs = 20_000

/** One step: `tell` does it and says what was seen, or throws. */
export type Step = <T>(title: string, tell: () => Promise<readonly [seen: string, result: T]>) => Promise<T>

function seenOf({ status, action, error, calls, durationInMs }: DemoAnswer): string {
  const count = new Map<string, number>()
  for (const { grantType } of calls) count.set(grantType, (count.get(grantType) ?? 0) + 1)
  const grants = [...count].map(([grantType, times]) => `${times} ${grantType} grant`).join(' and ')
  return `${action ?? `${status} ${error}`}, ${grants || 'no call'}, ${Math.round(durationInMs)} ms`
}

type Expected = Partial<Pick<DemoAnswer, 'status' | 'action' | 'error'>> & {
  readonly grants: readonly string[]
}

const grant = ['password']
const returned = { status: 200, action: 'returned existing token', error: undefined, grants: [] }
const retrieved = { status: 200, action: 'retrieved new token', error: undefined, grants: grant }
const refused = { status: 401, action: undefined, error: 'invalid_credentials', grants: grant }
const locked = { status: 423, action: undefined, error: 'account_locked', grants: [] }

function check({ status, action, error, calls }: DemoAnswer, expected: Expected): void {
  const grants = calls.map(({ grantType }) => grantType)
  assert.deepEqual({ status, action, error, grants }, expected)
}

/** Tells it from the first call to the search for secrets, and closes the world before the last step. */
export async function tellDemoStory(world: DemoWorld, step: Step, signal: AbortSignal): Promise<void> {
  const { entra, ask } = world
  const answers: DemoAnswer[] = []
  const issuedTokens: string[] = []
  entra.onIssued = (tokens) => void issuedTokens.push(...tokens)

  /** Asks, and checks the answer and the token in it. Tokens are compared without being shown. */
  async function askFor(password: string, expected: Expected, sameAs?: DemoAnswer): Promise<DemoAnswer> {
    const answer = await ask({ ...demoUser, password })
    answers.push(answer)
    check(answer, expected)
    if (answer.token !== undefined) {
      const { upn } = await entra.verifyAccessToken(answer.token)
      assert.equal(upn, demoUser.username)
    }
    if (sameAs) assert.ok(answer.token === sameAs.token, 'it is not the token of before')
    return answer
  }

  async function until(what: string, isSo: () => boolean): Promise<void> {
    const endTime = performance.now() + waitLimitInMs
    while (!isSo()) {
      if (performance.now() > endTime) throw new Error(`waited ${waitLimitInMs / 1000} s for ${what}`)
      await setTimeout(50, undefined, { signal })
    }
  }

  // A tick in the middle of the first call would find its hint before its entry, and drop the hint.
  const sweeps = () => world.logged('refresh_sweep')
  await until('the timer', () => sweeps().length > 0)

  const first = await step('First call', async () => {
    entra.accessTokenLifetimeInSeconds = shortLifetimeInSeconds
    const answer = await askFor(demoUser.password, retrieved)
    entra.accessTokenLifetimeInSeconds = 3599
    return [`${seenOf(answer)}; this token lives for ${shortLifetimeInSeconds} s`, answer]
  })

  await step('Asked again: cached', async () => {
    const answer = await askFor(demoUser.password, returned, first)
    return [seenOf(answer), answer]
  })

  const current = await step('Pre-refreshed by the timer', async () => {
    const refreshing = () => sweeps().find((sweep) => sweep['refreshed'] === 1)
    await until('the timer', () => refreshing() !== undefined)
    await until('the end of the first token', () => Date.now() >= first.expiresOnTimestamp)
    const sweepId = refreshing()?.['correlationId']
    const timerCalls = entra.calls.filter(({ correlationId }) => correlationId === sweepId)
    assert.deepEqual(
      timerCalls.map(({ grantType }) => grantType),
      ['refresh_token'],
    )
    assert.equal(entra.calls.filter(({ grantType }) => grantType === 'password').length, 1)
    const answer = await askFor(demoUser.password, returned)
    assert.ok(answer.token !== first.token, 'it is still the first token')
    return [
      `1 refresh_token grant by the timer; when the first token has expired, the next: ${seenOf(answer)}`,
      answer,
    ]
  })

  await step('Broker restarted', async () => {
    await world.restartBroker()
    const answer = await askFor(demoUser.password, returned, current)
    return [seenOf(answer), answer]
  })

  await step('Identity provider stopped', async () => {
    await entra.stop()
    await assert.rejects(fetch(entra.authority()), 'it still answers')
    const answer = await askFor(demoUser.password, returned, current)
    await entra.start()
    return [`still served: ${seenOf(answer)}`, answer]
  })

  await step('Wrong password', async () => {
    const wrong = await askFor(wrongPassword, refused)
    const again = await askFor(wrongPassword, { ...refused, grants: [] })
    const right = await askFor(demoUser.password, returned, current)
    return [`${seenOf(wrong)}; the same again: ${seenOf(again)}; the right one: ${seenOf(right)}`, right]
  })

  await step('Password changed', async () => {
    entra.setPassword(demoUser.username, newPassword)
    const accepted = await askFor(newPassword, retrieved)
    const old = await askFor(demoUser.password, refused)
    return [`the new one: ${seenOf(accepted)}; the old one: ${seenOf(old)}`, old]
  })

  await step('Lockout guard', async () => {
    // With the old password that makes three.
    await askFor(guesses[0], refused)
    await askFor(guesses[1], refused)
    const fourth = await askFor(guesses[2], locked)
    const right = await askFor(newPassword, returned)
    return [`a fourth different one: ${seenOf(fourth)}; the right one: ${seenOf(right)}`, right]
  })

  const connection = await step('An account with a second factor', async () => {
    const byPassword = await ask(mfaUser)
    answers.push(byPassword)
    check(byPassword, { status: 403, error: 'interaction_required', action: undefined, grants: grant })
    const wish = { grant: 'authorization_code', username: mfaUser.username, owner: 'the demo' }
    const { secret = '', connect_url: link = '' } = await world.makeConnection('mfa', wish)
    entra.accessTokenLifetimeInSeconds = shortLifetimeInSeconds
    const end = await connectAs(mfaUser, link)
    entra.accessTokenLifetimeInSeconds = 3599
    assert.match(end, /\/connected$/)
    return [
      `by password: ${seenOf(byPassword)}; its connection is made, and a person signs in once, with the code`,
      { secret, link },
    ] as const
  })

  /** The flow as it was, with one value changed. */
  async function askByConnection(expected: Expected): Promise<DemoAnswer> {
    const answer = await ask({ username: mfaUser.username, password: connection.secret })
    answers.push(answer)
    check(answer, expected)
    if (answer.token !== undefined) {
      const { upn } = await entra.verifyAccessToken(answer.token)
      assert.equal(upn, mfaUser.username)
    }
    return answer
  }

  const served = await step('The flow, one value changed', async () => {
    const answer = await askByConnection(returned)
    return [`${seenOf(answer)}: a token of the account, and nobody stores its password`, answer]
  })

  await step('The sign-in is revoked', async () => {
    entra.revokeRefreshTokens(mfaUser.username)
    const isDead = ({ failed }: Readonly<Record<string, unknown>>) =>
      JSON.stringify(failed) === '{"dead_grant":1}'
    await until('the timer to find out', () => sweeps().some(isDead))
    await until('the end of the last token', () => Date.now() >= served.expiresOnTimestamp)
    const answer = await askByConnection({
      status: 403,
      error: 'interaction_required',
      action: undefined,
      grants: [],
    })
    return [`the timer finds out; ${seenOf(answer)}, with the link to sign in at`, answer]
  })

  await step('Connected again, the same secret', async () => {
    assert.match(await connectAs(mfaUser, connection.link), /\/connected$/)
    const answer = await askByConnection(returned)
    return [seenOf(answer), answer]
  })

  await step('Nothing secret in the table or the log', async () => {
    const isLogged = ({ correlationId }: DemoAnswer) =>
      world.lines.some((line) => line.includes(correlationId))
    await until('the log', () => answers.every(isLogged))
    const secrets = {
      'user name': [demoUser.username],
      password: [demoUser.password, newPassword, wrongPassword, ...guesses],
      'connection secret': [connection.secret],
      token: issuedTokens,
    }
    return [await runSecretScan(world, secrets), undefined]
  })
}
