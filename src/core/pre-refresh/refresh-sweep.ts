import pLimit from 'p-limit'
import type { AccessToken } from '../access-token.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../client-profile.ts'
import { triedAgainTimestampOf } from '../entry/dead-grant.ts'
import type { DueHint } from '../entry/due-index.ts'
import type { EntryRefresh } from '../entry/entry-refresh.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { OpenedEntry } from '../entry/token-entry.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { faultDetailOf } from '../fault-detail.ts'
import type { ProviderFailure } from '../provider/provider-failure.ts'
import { evictTimestampOf, sweepPlanOf, type SweepPolicy } from './sweep-plan.ts'

const FIRST_BACKOFF_IN_MS = 60_000
const MAX_BACKOFF_IN_MS = 3_600_000

/** What became of the entries that were due. */
export interface SweepSummary {
  readonly due: number
  readonly refreshed: number
  /** Unused, without a profile, with a dead grant, without an entry behind the hint, or of no use before somebody asks. */
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

export interface RefreshSweepOptions extends SweepPolicy {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly writer: EntryWriter
  readonly entryRefresh: EntryRefresh
  readonly cachedTokenOf: (serializedCache: string) => AccessToken | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly concurrency: number
}

/** Refreshes what is due. Running it twice, at once or after a crash, refreshes nothing twice. Never rejects. */
export type RefreshSweep = (hints: readonly DueHint[], limits: SweepLimits) => Promise<SweepSummary>

/** An entry after a refresh that failed; no etag when somebody else has changed it meanwhile. */
type Refreshed = Pick<OpenedEntry, 'entry' | 'failures' | 'dead'> & { readonly etag: string | undefined }

type Fate = 'refreshed' | 'dropped' | 'passed' | 'left' | { readonly failed: string }

export function createRefreshSweep(options: RefreshSweepOptions): RefreshSweep {
  const { store, writer, now } = options
  /** Of the instance, which may work off several chunks at once. */
  const limited = pLimit(options.concurrency)

  return async (hints, limits) => {
    const startTimestamp = now()
    // The hints of one entry one after the other: the first may leave nothing to do for the rest.
    const byEntry = Object.values(Object.groupBy(hints, ({ entryKey }) => entryKey))
    const fates = await limited.map(byEntry, async (ofEntry = []) => {
      const own: Fate[] = []
      for (const hint of ofEntry) own.push(await fateOf(hint, limits))
      return own
    })
    return summaryOf(hints, fates.flat(), startTimestamp)
  }

  /** One entry's fault is not the others'. */
  async function fateOf(hint: DueHint, limits: SweepLimits): Promise<Fate> {
    if (now() >= limits.endTimestamp) return 'left'
    try {
      return await attend(hint, limits)
    } catch (error) {
      return { failed: error instanceof BrokerError ? error.code : faultDetailOf(error) }
    }
  }

  async function attend(hint: DueHint, limits: SweepLimits): Promise<Fate> {
    const stored = await store.read(hint.entryKey)
    // The hint of an entry that is being written goes ahead of it; its time has not come yet.
    if (!stored && hint.dueTimestamp > now()) return 'passed'
    // It may open at another tick; if it never does, the next request makes a new entry.
    if (stored?.mayOpenLater) return { failed: 'stored_token_unreadable' }
    if (!stored?.entry) return dropped(hint)
    const opened: OpenedEntry = { ...stored, entry: stored.entry }
    // Before anything that may fail: what nobody uses goes even when its profile is broken.
    if (now() >= evictTimestampOf(opened, options)) return evicted(hint, opened)
    const profile = await profileOf(opened)
    const token = options.cachedTokenOf(opened.entry.serializedCache)
    const { horizonTimestamp } = limits
    const plan = sweepPlanOf(opened, profile, token, { now: now(), horizonTimestamp }, options)
    if (plan.kind === 'forget') return evicted(hint, opened)
    if (plan.kind === 'leave') return dropped(hint)
    if (plan.kind === 'postpone') return postponed(hint, plan.dueTimestamp)
    return refreshed(hint, opened, plan.profile, limits.correlationId)
  }

  async function refreshed(
    hint: DueHint,
    opened: OpenedEntry,
    profile: ClientProfile,
    correlationId: string,
  ): Promise<Fate> {
    const outcome = await options.entryRefresh.refresh(hint.entryKey, opened, profile, {
      lastUsedTimestamp: opened.lastUsedTimestamp,
      correlationId,
      mustLease: true,
    })
    if (outcome.kind === 'busy') return 'passed'
    if (outcome.kind === 'failed') {
      return failed(hint, { ...opened, dead: outcome.dead, etag: outcome.etag }, outcome.failure)
    }
    if (outcome.stored.kind === 'failed') {
      await writer.postpone(hint, now() + backoffInMsOf(opened))
      return { failed: outcome.stored.warning.code }
    }
    // The hint stays: whoever follows it next finds out whether anything is left to do.
    if (outcome.stored.kind === 'overtaken') return 'passed'
    await writer.drop(hint)
    return 'refreshed'
  }

  async function profileOf({ entry }: OpenedEntry): Promise<ClientProfile | undefined> {
    try {
      return await options.profiles.get(entry.client)
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'unknown_client') return undefined
      throw error
    }
  }

  async function dropped(hint: DueHint): Promise<Fate> {
    await writer.drop(hint)
    return 'dropped'
  }

  async function evicted(hint: DueHint, { etag }: Pick<Refreshed, 'etag'>): Promise<Fate> {
    // Changed since it was read: somebody uses it after all.
    if (etag === undefined || !(await writer.forget(hint.entryKey, etag))) return 'passed'
    return dropped(hint)
  }

  async function postponed(hint: DueHint, dueTimestamp: number): Promise<Fate> {
    await writer.postpone(hint, dueTimestamp)
    return 'passed'
  }

  async function failed(hint: DueHint, entry: Refreshed, failure: ProviderFailure): Promise<Fate> {
    if (entry.dead) {
      await writer.postpone(hint, triedAgainTimestampOf(entry.dead))
      return { failed: failure.category }
    }
    if (failure.category === 'dead_grant') return evicted(hint, entry)
    // The hint stays: the next tick asks again.
    if (failure.isHeldBack) return { failed: 'held_back' }
    const retryAfterInMs = Math.min(failure.retryAfterInMs ?? 0, MAX_BACKOFF_IN_MS)
    await writer.postpone(hint, now() + Math.max(backoffInMsOf(entry), retryAfterInMs))
    return { failed: failure.category }
  }

  /** Twice as long after each failure, less up to half, so that what failed together does not come back together. */
  function backoffInMsOf({ failures }: Pick<OpenedEntry, 'failures'>): number {
    const exponentialInMs = Math.min(FIRST_BACKOFF_IN_MS * 2 ** failures, MAX_BACKOFF_IN_MS)
    return Math.ceil(exponentialInMs * (0.5 + options.random() / 2))
  }
}

function summaryOf(hints: readonly DueHint[], fates: readonly Fate[], startTimestamp: number): SweepSummary {
  const count = (fate: Fate) => fates.filter((each) => each === fate).length
  const failed: Record<string, number> = {}
  for (const fate of fates) {
    if (typeof fate === 'object') failed[fate.failed] = (failed[fate.failed] ?? 0) + 1
  }
  const oldest = Math.min(startTimestamp, hints[0]?.dueTimestamp ?? startTimestamp)
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
