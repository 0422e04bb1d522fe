import { expect, test } from '@jest/globals'
import { surveyEntries } from '../../../src/core/operate/entry-survey.ts'
import type { EntryView } from '../../../src/core/operate/operators.ts'

const NOW = 1_764_000_000_000
const MINUTE = 60_000
const LIMITS = { maxEntries: 1000, maxShown: 2, stepInMs: 10 * MINUTE, steps: 3 }
const entry = (userHash: string, fields: Partial<EntryView> = {}): EntryView => ({
  userHash,
  client: 'default',
  renewal: 'password',
  verifiedOnTimestamp: NOW,
  expiresOnTimestamp: NOW + MINUTE,
  lastUsedTimestamp: NOW,
  failures: 0,
  ...fields,
})
/** Pages of what is there, the size of each noted. */
const listOf = (entries: readonly EntryView[], sizes: number[] = []) => {
  return async (pageSize: number, next = '0') => {
    sizes.push(pageSize)
    const end = Number(next) + pageSize
    return { entries: entries.slice(Number(next), end), next: end < entries.length ? String(end) : undefined }
  }
}

test('entries are counted by what is left of their token, each border in the step before it', async () => {
  const minutesLeft = [-1, 0, 1, 10, 10.001, 20, 20.001, 500]
  const entries = minutesLeft.map((left, n) => entry(`u${n}`, { expiresOnTimestamp: NOW + left * MINUTE }))
  const closed = entry('u9', {
    client: undefined,
    expiresOnTimestamp: undefined,
    renewal: undefined,
    verifiedOnTimestamp: undefined,
  })
  expect(await surveyEntries(listOf([...entries, closed]), NOW, LIMITS)).toMatchObject({
    read: 9,
    isCut: false,
    unreadable: 1,
    expired: 2,
    byTimeToExpiry: [2, 2, 2],
  })
})

test('those on passwords are counted by client profile, and the last used of them are shown', async () => {
  const entries = [
    entry('old', { lastUsedTimestamp: NOW - 3 }),
    entry('newest', { client: 'other' }),
    entry('newer', { lastUsedTimestamp: NOW - 1, failures: 2 }),
    entry('by other means', { renewal: 'ask_again' }),
  ]
  const { passwordsByClient, onPasswords, failing } = await surveyEntries(listOf(entries), NOW, LIMITS)
  expect([passwordsByClient, onPasswords.map(({ userHash }) => userHash), failing]).toEqual([
    { default: 2, other: 1 },
    ['newest', 'newer'],
    1,
  ])
})

test.each([
  [450, false, [200, 200, 50]],
  [451, true, [200, 200, 50]],
])('of %i entries at most 450 are read, in pages; cut: %s', async (count, isCut, expected) => {
  const sizes: number[] = []
  const entries = Array.from({ length: count }, (_, n) => entry(`u${n}`))
  const survey = await surveyEntries(listOf(entries, sizes), NOW, { ...LIMITS, maxEntries: 450 })
  expect([survey.read, survey.isCut, sizes]).toEqual([450, isCut, expected])
})
