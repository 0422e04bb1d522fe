import type { ClientProfiles } from './core/client-profile.ts'
import type { Clock } from './core/clock.ts'
import type { DueIndex } from './core/entry/due-index.ts'
import { createEntryRefresh } from './core/entry/entry-refresh.ts'
import { createEntryWriter } from './core/entry/entry-writer.ts'
import type { TokenEntryStore } from './core/entry/token-entry-store.ts'
import type { ChunkQueue } from './core/pre-refresh/chunk-queue.ts'
import { createRefreshSweep, type RefreshSweep } from './core/pre-refresh/refresh-sweep.ts'
import { createRefreshTick, type RefreshTick } from './core/pre-refresh/refresh-tick.ts'
import type { IdentityProvider } from './core/provider/identity-provider.ts'
import { withBackoff } from './core/provider/provider-backoff.ts'
import type { TokenSource } from './core/request/brokered-token.ts'
import { createPasswordGrant } from './core/request/password-grant.ts'
import { rememberMatches, type PasswordVerifiers } from './core/request/password-verifiers.ts'
import { createRememberingTokenSource } from './core/request/remembering-token-source.ts'
import { createTokenMemory } from './core/request/token-memory.ts'
import { createTokenSource } from './core/request/token-source.ts'

/** All that the core asks of the world. */
export interface CorePorts {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  readonly chunkQueue: ChunkQueue
  readonly identityProvider: IdentityProvider
  readonly passwordHash: PasswordVerifiers
  /** Names the entry of a user of a profile, the same in every process. */
  readonly resolveEntryKey: (client: string, username: string) => Promise<string>
  /** Under a key that only this process knows. */
  readonly digestOf: (...parts: string[]) => string
  readonly clock: Clock
  readonly delay: (timeInMs: number) => Promise<void>
  /** From 0 to 1. */
  readonly random: () => number
}

export interface CoreSettings {
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
  readonly idleEvictionInMs: number
  /** How long one instance alone may refresh an entry. */
  readonly leaseInMs: number
  readonly refreshConcurrency: number
  readonly refreshFanoutAbove: number
}

export interface Core {
  readonly tokenSource: TokenSource
  readonly sweep: RefreshSweep
  readonly tick: RefreshTick
}

/** The broker's policy, wired. */
export function composeCore(ports: CorePorts, settings: CoreSettings): Core {
  const { profiles, store, dueIndex, chunkQueue, resolveEntryKey, digestOf, delay, random } = ports
  const { refreshThresholdInMs, passwordMaxAgeInMs, idleEvictionInMs } = settings
  const { now, elapsed } = ports.clock

  const identityProvider = withBackoff(ports.identityProvider, elapsed)
  const { cachedTokenOf } = identityProvider
  const verifiers = rememberMatches(ports.passwordHash, digestOf, elapsed)

  const writer = createEntryWriter({ store, dueIndex, cachedTokenOf, refreshThresholdInMs })
  const entryRefresh = createEntryRefresh({
    store,
    writer,
    identityProvider,
    leaseInMs: settings.leaseInMs,
    now,
    delay,
  })

  const source = createTokenSource({
    profiles,
    store,
    writer,
    entryRefresh,
    passwordGrant: createPasswordGrant({ writer, identityProvider, verifiers, now }),
    verifiers,
    cachedTokenOf,
    resolveEntryKey,
    now,
    refreshThresholdInMs,
    passwordMaxAgeInMs,
  })
  const memory = createTokenMemory(elapsed)
  const tokenSource = createRememberingTokenSource({ source, memory, digestOf, now, refreshThresholdInMs })

  const sweep = createRefreshSweep({
    profiles,
    store,
    writer,
    entryRefresh,
    cachedTokenOf,
    now,
    random,
    refreshThresholdInMs,
    passwordMaxAgeInMs,
    idleEvictionInMs,
    concurrency: settings.refreshConcurrency,
  })
  const fanoutAbove = settings.refreshFanoutAbove
  const tick = createRefreshTick({ dueIndex, sweep, chunkQueue, fanoutAbove, now })
  return { tokenSource, sweep, tick }
}
