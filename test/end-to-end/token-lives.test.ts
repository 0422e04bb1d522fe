import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { demoClientId, demoResource } from '../../local/demo/demo-tenant.ts'
import { startEntraEmulator, type EntraEmulator } from '../../local/entra/entra-emulator.ts'
import { loadOrCreateCertificateAuthority } from '../../local/server/certificate-authority.ts'
import { createEntraId } from '../../src/adapters/msal/entra-id.ts'
import type { Core } from '../../src/core-composition.ts'
import { stopClock } from '../support/clock.ts'
import { composeMemoryCore } from '../support/memory-core.ts'
import { trust } from '../support/trust.ts'

/** The real MSAL asks the Entra emulator; storage is in memory, so that a day of requests takes seconds. */
const clock = stopClock()
const now = () => Date.now()
const USER = { username: 'user@contoso.example', password: 'Correct-Horse-Battery-2' }
const THRESHOLD = 600

let entra: EntraEmulator
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'token-lives-'))
  const tls = await loadOrCreateCertificateAuthority(folder)
  trust(tls)
  entra = await startEntraEmulator({ tls })
  entra.setApplication({ clientId: demoClientId, resources: [demoResource], publicClientFlows: true })
  entra.setUser(USER)
})
afterAll(async () => {
  await entra.close()
  await rm(folder, { recursive: true })
})

let core: Core
beforeEach(() => {
  entra.calls.length = 0
  core = composeMemoryCore(
    {
      profiles: {
        get: async (name) => ({
          name,
          authority: entra.authority(),
          clientId: demoClientId,
          scopes: [`${demoResource}/.default`],
          fingerprint: name,
          grants: [],
          clientFingerprint: 'c',
        }),
      },
      identityProvider: createEntraId({
        timeoutInMs: 60_000,
        now,
        resolveAssertion: async () => 'an assertion',
      }),
      clock: { now, elapsed: () => performance.now() },
    },
    { refreshThresholdInMs: THRESHOLD * 1000, passwordMaxAgeInMs: 7 * 86_400_000 },
  )
})

async function request(minValidInSeconds = 0): Promise<number> {
  const { token } = await core.tokenSource({
    ...USER,
    client: 'default',
    minValidInMs: minValidInSeconds * 1000,
    correlationId: '11111111-1111-4111-8111-111111111111',
  })
  return (token.expiresOnTimestamp - now()) / 1000
}

const tick = () =>
  core.tick({
    periodInMs: 60_000,
    timeLimitInMs: 50_000,
    correlationId: '22222222-2222-4222-8222-222222222222',
  })

/** How long after the first each call to the provider was made. */
function secondsOfCalls(): number[] {
  return entra.calls.map(({ at }) => (at - (entra.calls[0]?.at ?? 0)) / 1000)
}

const HOUR = 3600
describe.each([
  { life: 60, byRequests: [0, 30], byTicks: [0], byBoth: [0, 30] },
  { life: 299, byRequests: [0, 150], byTicks: [0, 120, 240], byBoth: [0, 120, 240] },
  { life: 599, byRequests: [0, 300], byTicks: [0, 180, 360, 540], byBoth: [0, 180, 360, 540] },
  { life: 600, byRequests: [0, 300], byTicks: [0, 240, 480], byBoth: [0, 240, 480] },
  { life: 601, byRequests: [0, 301], byTicks: [0, 240, 480], byBoth: [0, 240, 480] },
  { life: HOUR, byRequests: [0, 3000], byTicks: [0, 2940], byBoth: [0, 2940] },
  { life: 28 * HOUR, byRequests: [0, 100_200], byTicks: [0, 100_140], byBoth: [0, 100_140] },
])('tokens that live $life s', ({ life, byRequests, byTicks, byBoth }) => {
  beforeEach(() => {
    entra.accessTokenLifetimeInSeconds = life
  })

  /** Lets a life pass. */
  async function live({ requests, ticks }: { requests: boolean; ticks: boolean }): Promise<void> {
    await request()
    for (let second = 1; second < life; second++) {
      clock.advance(1)
      if (second % 60 === 0) {
        // Idle connections end by real timers, which only get their turn here.
        await new Promise(setImmediate)
        if (ticks) await tick()
      }
      if (requests) expect(await request()).toBeGreaterThan(0)
    }
  }

  test('a request each second: the provider is asked when a token is due, and not before', async () => {
    await live({ requests: true, ticks: false })
    expect(secondsOfCalls()).toEqual(byRequests)
  })

  test('a tick each minute, and nobody asks: at most at every second tick', async () => {
    await live({ requests: false, ticks: true })
    expect(secondsOfCalls()).toEqual(byTicks)
  })

  test('both: no request ever waits for the provider where ticks are frequent enough', async () => {
    await live({ requests: true, ticks: true })
    expect(secondsOfCalls()).toEqual(byBoth)
  })
})

test.each([2000, 299, 60])(
  '30 wishes for 3,000 s of a token that lives %d s are one call, not 30',
  async (life) => {
    entra.accessTokenLifetimeInSeconds = life
    for (let times = 0; times < 30; times++) {
      await expect(request(3000)).rejects.toMatchObject({ code: 'invalid_request' })
      clock.advance(life / 100)
    }
    expect(secondsOfCalls()).toEqual([0])
  },
)
