import type { ClientProfiles } from './core/client-profile.ts'
import type { Clock } from './core/clock.ts'
import { createApplicationGrant } from './core/connection/application-grant.ts'
import { createConnectLink } from './core/connection/connect-link.ts'
import { createConnectionLookup } from './core/connection/connection-lookup.ts'
import type { ConnectionSecrets } from './core/connection/connection-secrets.ts'
import type { ConnectionStore } from './core/connection/connection-store.ts'
import { createConnectionTokenSource } from './core/connection/connection-token-source.ts'
import { createConnections, type Connections } from './core/connection/connections.ts'
import { createForesight, type Foresight } from './core/connection/foresight.ts'
import { createRemoveEntry } from './core/connection/entry-removal.ts'
import { createRemoveOrphanedEntry } from './core/connection/orphaned-entry.ts'
import type { SealedAttempts } from './core/connection/sign-in.ts'
import { createSignIns, type SignIns } from './core/connection/sign-ins.ts'
import { createIsByConnection, withConnections } from './core/connection/with-connections.ts'
import type { DueIndex } from './core/entry/due-index.ts'
import { createAddHint } from './core/entry/entry-hint.ts'
import { createEntryRefresh } from './core/entry/entry-refresh.ts'
import { createEntryWriter } from './core/entry/entry-writer.ts'
import type { TokenEntryStore } from './core/entry/token-entry-store.ts'
import { withUnsavedEntries } from './core/entry/unsaved-entries.ts'
import { createOperators, type Operators } from './core/operate/operators.ts'
import type { ChunkQueue } from './core/pre-refresh/chunk-queue.ts'
import { createHousekeeping } from './core/pre-refresh/housekeeping.ts'
import { createRefreshSweep, type RefreshSweep } from './core/pre-refresh/refresh-sweep.ts'
import { createRefreshTick, type RefreshTick } from './core/pre-refresh/refresh-tick.ts'
import type { IdentityProvider } from './core/provider/identity-provider.ts'
import { createPauses } from './core/provider/pauses.ts'
import type { TokenSource } from './core/request/brokered-token.ts'
import { createCallers } from './core/request/callers.ts'
import { createCredentialCheck } from './core/request/credential-check.ts'
import { createInquiries } from './core/request/inquiries.ts'
import { createLockoutGuard } from './core/request/lockout-guard.ts'
import { createPasswordGrant } from './core/request/password-grant.ts'
import { rememberMatches, withHashLimit, type PasswordVerifiers } from './core/request/password-verifiers.ts'
import { createRefusalRows } from './core/request/refusal-rows.ts'
import type { RefusalStore } from './core/request/refusal-store.ts'
import { createRememberingTokenSource } from './core/request/remembering-token-source.ts'
import type { RowNames } from './core/request/row-names.ts'
import { createTokenMemory } from './core/request/token-memory.ts'
import { createTokenSource } from './core/request/token-source.ts'

/** All that the core asks of the world. */
export interface CorePorts extends RowNames {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  readonly refusals: RefusalStore
  readonly connections: ConnectionStore
  readonly connectionSecrets: ConnectionSecrets
  readonly signInAttempts: SealedAttempts
  /** Names the row of a connection's secret, the same in every process. */
  readonly resolveSecretKey: (secret: string) => Promise<string>
  /** 128 random bits, base64url. */
  readonly randomKey: () => string
  /** Removes what the instances counted before the time; epoch milliseconds. */
  readonly pruneActivity: (beforeTimestamp: number) => Promise<unknown>
  readonly chunkQueue: ChunkQueue
  readonly identityProvider: IdentityProvider
  readonly passwordHash: PasswordVerifiers
  /** Under a key that only this process knows. */
  readonly digestOf: (...parts: string[]) => string
  readonly clock: Clock
  readonly delay: (timeInMs: number) => Promise<void>
  /** From 0 to 1. */
  readonly random: () => number
  /** Another one each time, in every process. */
  readonly randomId: () => string
}

export interface CoreSettings {
  readonly refreshThresholdInMs: number
  readonly passwordMaxAgeInMs: number
  readonly idleEvictionInMs: number
  /** How long the refresh token of a connection that nobody uses is kept alive. */
  readonly idleRenewalInMs: number
  /** How long one instance alone may refresh an entry. */
  readonly leaseInMs: number
  /** So many different wrong passwords of a user may be asked in a window. */
  readonly maxRefusedPasswords: number
  readonly refusalWindowInMs: number
  /** How long a request may wait for what other instances do. */
  readonly waitLimitInMs: number
  readonly refreshConcurrency: number
  readonly refreshFanoutAbove: number
  /** The broker's own address as people reach it. */
  readonly publicUrl: string | undefined
}

export interface Core {
  readonly operators: Operators
  readonly connections: Connections
  readonly signIns: SignIns
  readonly foresight: Foresight
  readonly tokenSource: TokenSource
  readonly sweep: RefreshSweep
  readonly tick: RefreshTick
}

/** The broker's policy, wired. */
export function composeCore(ports: CorePorts, settings: CoreSettings): Core {
  const { profiles, dueIndex, chunkQueue, identityProvider, digestOf, delay, random } = ports
  const { resolveEntryKey, resolveAttempt } = ports
  const { cachedTokenOf } = identityProvider
  const { refreshThresholdInMs, passwordMaxAgeInMs, idleEvictionInMs } = settings
  const { now, elapsed } = ports.clock

  const pauses = createPauses(elapsed)
  const verifiers = rememberMatches(withHashLimit(ports.passwordHash), digestOf, elapsed)

  const addHint = createAddHint({ dueIndex, cachedTokenOf, refreshThresholdInMs })
  const { leaseInMs } = settings
  const store = withUnsavedEntries(ports.store, { addHint, now, leaseInMs })
  const writer = createEntryWriter({ store, dueIndex, addHint, refreshThresholdInMs })
  const entryRefresh = createEntryRefresh({
    store,
    writer,
    identityProvider,
    pauses,
    leaseInMs,
    now,
    delay,
  })

  const rows = createRefusalRows({ store: ports.refusals, now, elapsed })
  const limits = {
    refusalWindowInMs: settings.refusalWindowInMs,
    // Who reserves a place holds it no longer than who refreshes: a call, and the writes around it.
    reservationInMs: leaseInMs,
  }
  const guard = createLockoutGuard({ rows, limits, now, elapsed, delay, randomId: ports.randomId })
  const callers = createCallers(elapsed)
  const inquiries = createInquiries({
    profiles,
    store,
    resolveEntryKey,
    resolveAttempt,
    maxRefusedPasswords: settings.maxRefusedPasswords,
    elapsed,
    waitLimitInMs: settings.waitLimitInMs,
  })
  const linkOf = createConnectLink(settings.publicUrl)
  const removeEntry = createRemoveEntry({ entries: store, writer })
  const removeOrphanedEntry = createRemoveOrphanedEntry({ store: ports.connections, removeEntry })
  const applicationGrant = createApplicationGrant({ writer, identityProvider, pauses, now })
  const isByConnection = createIsByConnection(ports.connectionSecrets)
  const byConnection = createConnectionTokenSource({
    lookup: createConnectionLookup({
      store: ports.connections,
      secrets: ports.connectionSecrets,
      resolveSecretKey: ports.resolveSecretKey,
      now,
    }),
    profiles,
    store,
    writer,
    entryRefresh,
    applicationGrant,
    removeOrphanedEntry,
    linkOf,
    cachedTokenOf,
    now,
    refreshThresholdInMs,
  })
  const byPassword = createTokenSource({
    inquiries,
    writer,
    entryRefresh,
    guard,
    credentialCheck: createCredentialCheck(verifiers),
    passwordGrant: createPasswordGrant({
      writer,
      identityProvider,
      pauses,
      guard,
      callers,
      verifiers,
      now,
    }),
    cachedTokenOf,
    now,
    elapsed,
    refreshThresholdInMs,
    passwordMaxAgeInMs,
  })
  const memory = createTokenMemory(elapsed)
  const tokenSource = createRememberingTokenSource({
    source: withConnections({ byPassword, byConnection, isByConnection }),
    memory,
    digestOf,
    isByConnection,
    now,
    refreshThresholdInMs,
  })
  const signIns = createSignIns({
    profiles,
    store: ports.connections,
    entries: store,
    removeEntry,
    writer,
    identityProvider,
    attempts: ports.signInAttempts,
    forgetHere: (entryKey) => memory.forget(entryKey),
    linkOf,
    publicUrl: settings.publicUrl,
    cachedTokenOf,
    now,
  })
  const connections = createConnections({
    profiles,
    store: ports.connections,
    entries: store,
    removeEntry,
    applicationGrant,
    secrets: ports.connectionSecrets,
    resolveSecretKey: ports.resolveSecretKey,
    randomKey: ports.randomKey,
    forgetHere: (entryKey) => memory.forget(entryKey),
    cachedTokenOf,
    linkOf,
    now,
  })

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
    idleRenewalInMs: settings.idleRenewalInMs,
    concurrency: settings.refreshConcurrency,
  })
  const fanoutAbove = settings.refreshFanoutAbove
  const housekeep = createHousekeeping({
    retryUnsaved: () => store.retry(),
    chores: [
      (beforeTimestamp) => ports.refusals.prune(beforeTimestamp),
      ports.pruneActivity,
      () => ports.connections.reseal(),
    ],
    now,
    elapsed,
  })
  const tick = createRefreshTick({ dueIndex, sweep, chunkQueue, housekeep, fanoutAbove, now })
  const operators = createOperators({
    profiles,
    store,
    writer,
    memory,
    guard,
    cachedTokenOf,
    resolveEntryKey,
    resolveAttempt,
    refreshThresholdInMs,
  })
  const foresight = createForesight({
    list: (pageSize, next) => connections.list(pageSize, next),
    now,
    elapsed,
  })
  return { operators, connections, signIns, foresight, tokenSource, sweep, tick }
}
