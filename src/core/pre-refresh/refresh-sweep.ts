import pLimit from 'p-limit'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../client-profile.ts'
import type { DueHint, DueIndex } from '../entry/due-index.ts'
import { categoryOf } from '../provider/entra-failure.ts'
import type { EntryRefresh, OpenedEntry } from '../entry/entry-refresh.ts'
import type { IdentityProvider, IdentityProviderError } from '../provider/identity-provider.ts'
import type { TokenEntryStore } from '../entry/token-entry.ts'
import { faultDetailOf } from '../warning.ts'

const FIRST_BACKOFF_IN_MS = 60_000
const MAX_BACKOFF_IN_MS = 3_600_000

/** What became of the entries that were due. */
export interface SweepSummary {
  readonly due: number
  readonly refreshed: number
  /** Unused, without a profile, with a dead grant, or without an entry behind the hint. */
  readonly dropped: number
  /** Not due after all, or under another instance's hands. */
  readonly passed: number
  /** By cause. The hint stays, or comes again later. */
  readonly failed: Readonly<Record<string, number>>
  /** The time was up; the next sweep begins with them. */
  readonly left: number
  /** How long past its time the oldest hint was. */
  readonly oldestLagMs: number
}

export interface SweepLimits {
  /** An entry due after this is not due; epoch milliseconds. */
  readonly horizonTimestamp: number
  /** No entry is begun after this; epoch milliseconds. */
  readonly endTimestamp: number
  readonly correlationId: string
}

export interface RefreshSweepParts {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  readonly refreshEntry: EntryRefresh
  readonly cachedTokenOf: IdentityProvider['cachedTokenOf']
  /** Epoch milliseconds. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
  readonly idleEvictionInMs: number
  readonly concurrency: number
}

/** Refreshes what is due. Running it twice, at once or after a crash, refreshes nothing twice. Never rejects. */
export type RefreshSweep = (hints: readonly DueHint[], limits: SweepLimits) => Promise<SweepSummary>

/** An entry after a refresh that failed; no etag when somebody else has changed it meanwhile. */
type Refreshed = Pick<OpenedEntry, 'failures'> & { readonly etag: string | undefined }

type Fate = 'refreshed' | 'dropped' | 'passed' | 'left' | { readonly failed: string }

export function createRefreshSweep(parts: RefreshSweepParts): RefreshSweep {
  const { store, dueIndex, now } = parts
  /** Of the instance, which may work off several chunks at once. */
  const limited = pLimit(parts.concurrency)

  return async (hints, limits) => {
    /** Asking these again would be refused unasked: their entries wait, untouched. */
    const heldBack = new Set<string>()
    const startTimestamp = now()
    const fates = await limited.map(hints, async (hint): Promise<Fate> => {
      if (now() >= limits.endTimestamp) return 'left'
      try {
        return await attend(hint, limits, heldBack)
      } catch (error) {
        // One entry's fault is not the others'.
        return { failed: error instanceof BrokerError ? error.code : faultDetailOf(error) }
      }
    })
    return summaryOf(hints, fates, startTimestamp)
  }

  async function attend(hint: DueHint, limits: SweepLimits, heldBack: Set<string>): Promise<Fate> {
    const stored = await store.read(hint.entryKey)
    // The hint of an entry that is being written goes ahead of it; its time has not come yet.
    if (!stored && hint.dueTimestamp > now()) return 'passed'
    // Nothing there, or nothing that opens: the next request makes a new entry.
    if (!stored?.entry) return dropped(hint)
    const opened: OpenedEntry = { ...stored, entry: stored.entry }
    const evictTimestamp = stored.lastUsedTimestamp + parts.idleEvictionInMs
    // Before anything that may fail: what nobody uses goes even when its profile is broken.
    if (now() >= evictTimestamp) return evicted(hint, opened)
    const profile = await profileOf(opened)
    if (!profile) return evicted(hint, opened)
    if (heldBack.has(profile.authority)) return { failed: 'held_back' }
    const token = parts.cachedTokenOf(opened.entry.serializedCache)
    const isOfUse =
      opened.entry.fingerprint === profile.fingerprint &&
      now() - opened.entry.verifiedOnTimestamp < parts.passwordMaxAgeInMs
    // The next request needs the password anyway; until then the entry only has an end.
    if (!token || !isOfUse) return postponed(hint, evictTimestamp)
    const dueTimestamp = token.expiresOnTimestamp - parts.refreshThresholdInMs
    if (dueTimestamp > limits.horizonTimestamp) return postponed(hint, dueTimestamp)
    const outcome = await parts.refreshEntry(hint.entryKey, opened, profile, {
      lastUsedTimestamp: stored.lastUsedTimestamp,
      correlationId: limits.correlationId,
      mustLease: true,
    })
    if (outcome.kind === 'busy') return 'passed'
    if (outcome.kind === 'failed') {
      return failed(hint, { ...opened, etag: outcome.etag }, profile, outcome.error, heldBack)
    }
    if (outcome.warnings.length > 0) {
      await postponed(hint, now() + backoffInMsOf(opened))
      return { failed: 'token_not_stored' }
    }
    // Another writer was faster. The hint stays: whoever follows it next finds out whether anything is left to do.
    if (!outcome.isStored) return 'passed'
    await dueIndex.remove(hint)
    return 'refreshed'
  }

  async function profileOf({ entry }: OpenedEntry): Promise<ClientProfile | undefined> {
    try {
      return await parts.profiles.get(entry.client)
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'unknown_client') return undefined
      throw error
    }
  }

  async function dropped(hint: DueHint): Promise<Fate> {
    await dueIndex.remove(hint)
    return 'dropped'
  }

  async function evicted(hint: DueHint, { etag }: Pick<Refreshed, 'etag'>): Promise<Fate> {
    // Changed since it was read: somebody uses it after all.
    if (etag === undefined || !(await store.remove(hint.entryKey, etag))) return 'passed'
    return dropped(hint)
  }

  /** The new hint goes first: a crash in between leaves two, of which one finds nothing due. */
  async function postponed(hint: DueHint, dueTimestamp: number): Promise<Fate> {
    if (dueTimestamp !== hint.dueTimestamp) {
      await dueIndex.add({ entryKey: hint.entryKey, dueTimestamp })
      await dueIndex.remove(hint)
    }
    return 'passed'
  }

  async function failed(
    hint: DueHint,
    entry: Refreshed,
    { authority }: ClientProfile,
    { failure }: IdentityProviderError,
    heldBack: Set<string>,
  ): Promise<Fate> {
    const category = categoryOf(failure)
    if (category === 'dead_grant') return evicted(hint, entry)
    if (failure.transport === 'held_back') {
      heldBack.add(authority)
      return { failed: 'held_back' }
    }
    const retryAfterInMs = Math.min(failure.retryAfterInMs ?? 0, MAX_BACKOFF_IN_MS)
    await postponed(hint, now() + Math.max(backoffInMsOf(entry), retryAfterInMs))
    return { failed: category }
  }

  /** Twice as long after each failure, less up to half, so that what failed together does not come back together. */
  function backoffInMsOf({ failures }: Pick<OpenedEntry, 'failures'>): number {
    const exponentialInMs = Math.min(FIRST_BACKOFF_IN_MS * 2 ** failures, MAX_BACKOFF_IN_MS)
    return Math.ceil(exponentialInMs * (0.5 + parts.random() / 2))
  }
}

function summaryOf(hints: readonly DueHint[], fates: readonly Fate[], startTimestamp: number): SweepSummary {
  const count = (fate: Fate) => fates.filter((each) => each === fate).length
  const failed: Record<string, number> = {}
  for (const fate of fates) {
    if (typeof fate === 'object') failed[fate.failed] = (failed[fate.failed] ?? 0) + 1
  }
  const oldest = Math.min(startTimestamp, ...hints.slice(0, 1).map(({ dueTimestamp }) => dueTimestamp))
  return {
    due: hints.length,
    refreshed: count('refreshed'),
    dropped: count('dropped'),
    passed: count('passed'),
    failed,
    left: count('left'),
    oldestLagMs: startTimestamp - oldest,
  }
}
