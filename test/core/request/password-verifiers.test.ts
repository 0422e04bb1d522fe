import { expect, test } from '@jest/globals'
import { rememberMatches, withHashLimit } from '../../../src/core/request/password-verifiers.ts'

test('a match is computed once an hour, a mismatch every time', async () => {
  let now = 1_764_000_000_000
  let computed = 0
  const verifiers = rememberMatches(
    {
      create: async (password) => `v:${password}`,
      matches: async (verifier, password) => ++computed > 0 && verifier === `v:${password}`,
    },
    (...parts) => parts.join('|'),
    () => now,
  )
  const verifier = await verifiers.create('right')
  for (let n = 0; n < 3; n++) expect(await verifiers.matches(verifier, 'right', 'k')).toBe(true)
  expect(computed).toBe(1)
  for (let n = 0; n < 3; n++) expect(await verifiers.matches(verifier, 'wrong', 'k')).toBe(false)
  expect(computed).toBe(4)
  // Another verifier of the same password is another match.
  expect(await verifiers.matches('v:other', 'right', 'k')).toBe(false)
  now += 3_600_001
  expect(await verifiers.matches(verifier, 'right', 'k')).toBe(true)
  expect(computed).toBe(6)
})

/** Verifiers whose hashes end when they are told to. */
function heldVerifiers() {
  const ends: (() => void)[] = []
  const held = <T>(value: T) => new Promise<T>((resolve) => ends.push(() => resolve(value)))
  const limited = withHashLimit({ create: (password) => held(password), matches: () => held(true) })
  const turn = () => new Promise(setImmediate)
  return { limited, ends, turn }
}

test('two hashes run at a time', async () => {
  const { limited, ends, turn } = heldVerifiers()
  const results = [1, 2, 3].map((n) => limited.matches('v', 'p', `entry ${n}`))
  await turn()
  expect(ends).toHaveLength(2)
  ends[0]?.()
  await turn()
  expect(ends).toHaveLength(3)
  for (const end of ends) end()
  expect(await Promise.all(results)).toEqual([true, true, true])
})

test('four wait for one entry, the fifth is told to come again, and another entry is not affected', async () => {
  const { limited, ends, turn } = heldVerifiers()
  const four = [1, 2, 3, 4].map(() => limited.matches('v', 'p', 'entry'))
  await expect(limited.matches('v', 'p', 'entry')).rejects.toMatchObject({
    code: 'too_many_requests',
    details: { retryAfterInMs: 2_000, logDetail: 'hash_queue_full' },
  })
  const other = limited.matches('v', 'p', 'other')
  for (let n = 0; n < 5; n++) {
    await turn()
    for (const end of ends) end()
  }
  expect(await Promise.all([...four, other])).toEqual([true, true, true, true, true])
  const again = limited.matches('v', 'p', 'entry')
  await turn()
  ends.at(-1)?.()
  expect(await again).toBe(true)
})

test('each hash that ends gives one place in the queue of its entry, and no more', async () => {
  const { limited, ends, turn } = heldVerifiers()
  const ask = () => limited.matches('v', 'p', 'entry')
  const first = [ask(), ask(), ask(), ask()]
  await turn()
  ends[0]?.()
  expect(await first[0]).toBe(true)
  const fifth = ask()
  await expect(ask()).rejects.toMatchObject({ code: 'too_many_requests' })
  for (let n = 0; n < 3; n++) {
    await turn()
    for (const end of ends) end()
  }
  expect(await Promise.all([...first, fifth])).toEqual([true, true, true, true, true])
})

test('64 wait in all, and a new verifier gets its turn all the same', async () => {
  const { limited, ends, turn } = heldVerifiers()
  const waiting = Array.from({ length: 66 }, (_, n) => limited.matches('v', 'p', `entry ${n}`))
  await turn()
  await expect(limited.matches('v', 'p', 'one more')).rejects.toMatchObject({ code: 'too_many_requests' })
  const created = limited.create('new')
  for (let n = 0; n < 40; n++) {
    for (const end of ends) end()
    await turn()
  }
  expect(await created).toBe('new')
  expect(await Promise.all(waiting)).toHaveLength(66)
})

test('a new verifier that too many are waiting for is not made: the token need not wait', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const verifiers = withHashLimit({
    create: async (password) => {
      await promise
      return `verifier of ${password}`
    },
    matches: async () => true,
  })
  const wanted = Array.from({ length: 131 }, (_, n) =>
    verifiers.create(`p${n}`).catch((error: Error) => error.name),
  )
  resolve()
  const made = await Promise.all(wanted)
  expect(made.slice(0, 130)).toEqual(Array.from({ length: 130 }, (_, n) => `verifier of p${n}`))
  expect(made[130]).toBe('HashQueueFull')
})
