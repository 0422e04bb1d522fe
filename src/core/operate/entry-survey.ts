import type { EntryView, Operators } from './operators.ts'

const PAGE_SIZE = 200

/** What is stored now, seen from far enough away that no user is told from another but by a hash. */
export interface EntrySurvey {
  /** How many entries were read. */
  readonly read: number
  /** There are more than were read. */
  readonly isCut: boolean
  /** Entries that could not be opened, or that hold no token. */
  readonly unreadable: number
  /** Entries whose token has ended already. */
  readonly expired: number
  /** Entries by the time to their token's end: the first within one step, the next within two. The last holds what lives longer, too. */
  readonly byTimeToExpiry: readonly number[]
  /** Entries whose last refresh failed. */
  readonly failing: number
  /** Entries for which a password was given, by client profile. */
  readonly passwordsByClient: Readonly<Record<string, number>>
  /** Those entries, the last used first; as many as were asked for. */
  readonly onPasswords: readonly EntryView[]
}

export interface SurveyLimits {
  readonly maxEntries: number
  readonly maxShown: number
  readonly stepInMs: number
  readonly steps: number
}

/** @throws {BrokerError} as {@link Operators.list} does. */
export async function surveyEntries(
  list: Operators['list'],
  now: number,
  limits: SurveyLimits,
): Promise<EntrySurvey> {
  const entries: EntryView[] = []
  let next: string | undefined
  do {
    const page = await list(Math.min(PAGE_SIZE, limits.maxEntries - entries.length), next)
    entries.push(...page.entries)
    next = page.next
  } while (next !== undefined && entries.length < limits.maxEntries)
  return { ...surveyOf(entries, now, limits), isCut: next !== undefined }
}

function surveyOf(
  entries: readonly EntryView[],
  now: number,
  { maxShown, stepInMs, steps }: SurveyLimits,
): Omit<EntrySurvey, 'isCut'> {
  const left = entries.flatMap(({ expiresOnTimestamp }) =>
    expiresOnTimestamp === undefined ? [] : [expiresOnTimestamp - now],
  )
  const byTimeToExpiry = Array.from(
    { length: steps },
    (_, step) =>
      left.filter((inMs) => inMs > 0 && Math.min(steps - 1, Math.ceil(inMs / stepInMs) - 1) === step).length,
  )
  const onPasswords = entries.filter(({ renewal }) => renewal === 'password')
  const byClient = Object.groupBy(onPasswords, ({ client = '' }) => client)
  return {
    read: entries.length,
    unreadable: entries.length - left.length,
    expired: left.filter((inMs) => inMs <= 0).length,
    byTimeToExpiry,
    failing: entries.filter(({ failures }) => failures > 0).length,
    passwordsByClient: Object.fromEntries(
      Object.entries(byClient).map(([client, of = []]) => [client, of.length]),
    ),
    onPasswords: onPasswords.toSorted((a, b) => b.lastUsedTimestamp - a.lastUsedTimestamp).slice(0, maxShown),
  }
}
