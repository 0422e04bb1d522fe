import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createTokenMemory } from '../src/core/request/token-memory.ts'
import type { Row } from './benchmark.ts'

export const about =
  "The token memory itself, filled by 1,000,000 different users with a token of 1,600 characters each. What it holds is counted by asking for everybody, and measured by what the heap loses, after garbage collection, when all of that is forgotten. An entry's own size is what its token, digests and names take as text."

const USERS = 1_000_000
const TOKEN_LENGTH = 1600
/** `MAX_SIZE_IN_BYTES` of the memory. */
const BOUND_IN_BYTES = 16 * 2 ** 20

export async function run(): Promise<readonly Row[]> {
  const memory = createTokenMemory(() => performance.now())
  for (let user = 0; user < USERS; user++) remember(user)
  const full = await heapInBytes()
  const kept: number[] = []
  for (let user = 0; user < USERS; user++) if (memory.get(userDigestOf(user))) kept.push(user)
  for (const user of kept) memory.delete(userDigestOf(user))
  // By what is freed: a process's heap shrinks by itself for a while after its start.
  const heldInBytes = full - (await heapInBytes())
  const ownSizeInBytes = TOKEN_LENGTH + 3 * userDigestOf(0).length

  /** As the core does: new strings each time. */
  function remember(user: number): void {
    const now = Date.now()
    memory.set(userDigestOf(user), {
      token: {
        value: randomBytes((TOKEN_LENGTH * 3) / 4).toString('base64url'),
        acquiredOnTimestamp: now,
        expiresOnTimestamp: now + 3_599_000,
      },
      passwordDigest: digestOf(user),
      verifiedOnTimestamp: now,
      entryKey: digestOf(user),
    })
  }

  return [
    {
      what: `Memory, an entry of ${kept.length.toLocaleString('en-US')} kept`,
      figure: { value: heldInBytes / kept.length, unit: 'bytes' },
      baseline: { value: ownSizeInBytes, unit: 'bytes', what: 'its own size' },
    },
    {
      what: 'Memory after 1,000,000 users',
      figure: { value: heldInBytes / 2 ** 20, unit: 'MiB' },
      baseline: { value: BOUND_IN_BYTES / 2 ** 20, unit: 'MiB', what: 'the bound' },
      goal: { bound: 'at most', ratio: 1, ifMissed: 'An entry takes more than it is booked with.' },
    },
  ]
}

/** As long as a digest of 256 bits, and made anew at each call. */
const userDigestOf = (user: number): string =>
  Buffer.from(`u${String(user).padStart(31)}`).toString('base64url')
const digestOf = (user: number): string => Buffer.from(`d${String(user).padStart(31)}`).toString('base64url')

/** After garbage collection. */
async function heapInBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc?.()
    await setImmediate()
  }
  return process.memoryUsage().heapUsed
}
