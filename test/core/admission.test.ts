import { expect, test } from '@jest/globals'
import { BrokerError } from '../../src/core/broker-error.ts'
import { IdentityProviderError } from '../../src/core/provider/provider-failure.ts'
import { composeMemoryCore, refusalOf } from '../support/memory-core.ts'
import { createMemoryEntryStore } from '../support/memory-entry-store.ts'
import { NO_CONNECTIONS } from '../support/no-connections.ts'

const NOW = 1_764_000_000_000
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Each byte that a password's digest may begin with comes eight times. */
const WRONG_PASSWORDS = Array.from({ length: 2048 }, (_, n) => String(n))
const RIGHT_PASSWORD = '5000'
const REFUSED = refusalOf()

/** The core over ports in memory, which counts what costs time. */
function createStage() {
  const hashes = { created: 0, compared: 0 }
  const reads = { entries: 0 }
  let asked = 0
  const memoryStore = createMemoryEntryStore()
  const token = { value: 'token', acquiredOnTimestamp: NOW, expiresOnTimestamp: NOW + 3_600_000 }
  const { tokenSource } = composeMemoryCore({
    store: { ...memoryStore, read: async (key) => (reads.entries++, memoryStore.read(key)) },
    identityProvider: {
      ...NO_CONNECTIONS,
      cachedTokenOf: () => token,
      async acquireByPassword(_, { password }, persist) {
        asked++
        if (password !== RIGHT_PASSWORD) throw new IdentityProviderError(REFUSED)
        return { token, stored: await persist('cache') }
      },
      acquireByRefreshToken: () => Promise.reject(new IdentityProviderError(REFUSED)),
    },
    passwordHash: {
      create: async (password) => (hashes.created++, `verifier of ${password}`),
      matches: async (verifier, password) => (hashes.compared++, verifier === `verifier of ${password}`),
    },
    resolveAttempt: async (_, username, password) => ({
      rowKey: username,
      digest: digestBeginningWith(Number(password) % 256, password),
    }),
    digestOf: (...parts) => parts.join(' '),
    clock: { now: () => NOW, elapsed: () => 0 },
    randomId: () => String(asked),
  })
  return {
    hashes,
    reads,
    get asked() {
      return asked
    },
    /** @returns `token`, or the error's code. */
    async signIn(username: string, password: string): Promise<string> {
      try {
        const request = { client: 'default', username, password, minValidInMs: 0, correlationId: 'id' }
        return (await tokenSource(request)).token.value
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        return error.code
      }
    },
  }
}

function digestBeginningWith(byte: number, password: string): string {
  return `${BASE64URL.charAt(byte >> 2)}${BASE64URL.charAt((byte & 3) << 4)}${password}`
}

test.each(['with an entry', 'without an entry'])(
  'of 2,048 wrong passwords eight cost a hash and three a call, %s',
  async (which) => {
    const stage = createStage()
    if (which === 'with an entry') expect(await stage.signIn('known', RIGHT_PASSWORD)).toBe('token')
    const before = { ...stage.hashes, asked: stage.asked }
    stage.reads.entries = 0
    const answers: Record<string, number> = {}
    for (const password of WRONG_PASSWORDS) {
      const answer = await stage.signIn('known', password)
      answers[answer] = (answers[answer] ?? 0) + 1
    }
    expect(answers).toEqual({ invalid_credentials: 3, account_locked: 2045 })
    expect(stage.hashes).toEqual({ created: before.created, compared: 8 })
    expect(stage.asked - before.asked).toBe(3)
    expect(stage.reads).toEqual({ entries: 2048 })
  },
)

test('the same wrong password, repeated, costs no hash and reads nothing', async () => {
  const stage = createStage()
  expect(await stage.signIn('known', RIGHT_PASSWORD)).toBe('token')
  // Another one than the right password, with the same first byte: it costs the hash once.
  const twin = String(Number(RIGHT_PASSWORD) + 256)
  expect(await stage.signIn('known', twin)).toBe('invalid_credentials')
  const [hashes, reads] = [{ ...stage.hashes }, { ...stage.reads }]
  expect(hashes).toEqual({ created: 1, compared: 1 })
  for (let n = 0; n < 100; n++) expect(await stage.signIn('known', twin)).toBe('invalid_credentials')
  expect([stage.hashes, stage.reads]).toEqual([hashes, reads])
})

test('the right password of a cached user costs no hash, however often it comes and whoever tries beside it', async () => {
  const stage = createStage()
  expect(await stage.signIn('known', RIGHT_PASSWORD)).toBe('token')
  for (const password of WRONG_PASSWORDS.slice(0, 8)) {
    expect(await stage.signIn('known', password)).not.toBe('token')
    expect(await stage.signIn('known', RIGHT_PASSWORD)).toBe('token')
  }
  expect(stage.hashes).toEqual({ created: 1, compared: 0 })
})
