import { randomBytes } from 'node:crypto'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import pLimit from 'p-limit'
import { cachedTokenOf } from '../../src/adapters/msal/cached-token.ts'
import { createDueIndexTable } from '../../src/adapters/tables/due-index-table.ts'
import { createTokenEntryTable } from '../../src/adapters/tables/token-entry-table.ts'
import { createAddHint } from '../../src/core/entry/entry-hint.ts'
import { createEntryRefresh } from '../../src/core/entry/entry-refresh.ts'
import { createEntryWriter } from '../../src/core/entry/entry-writer.ts'
import type { IdentityProvider } from '../../src/core/provider/identity-provider.ts'
import { createRefreshSweep } from '../../src/core/pre-refresh/refresh-sweep.ts'
import { createRefreshTick } from '../../src/core/pre-refresh/refresh-tick.ts'
import { createPauses } from '../../src/core/provider/pauses.ts'
import { sealingKeyOf } from '../../src/crypto/envelope.ts'
import type { Storage } from './storage.ts'
import { NO_CONNECTIONS } from './no-connections.ts'

const NOW = 1_764_000_000_000
const PERIOD_IN_MS = 60_000
const THRESHOLD_IN_MS = 600_000
const PARALLEL_WRITES = 64

const profile = {
  name: 'default',
  authority: 'https://login.example/contoso',
  clientId: 'client',
  scopes: ['scope'],
  fingerprint: 'fingerprint',
  grants: [],
  clientFingerprint: 'client',
}

const cacheOf = (expiresOnTimestamp: number) =>
  JSON.stringify({
    AccessToken: {
      token: { secret: 'secret', cached_at: '1', expires_on: String(expiresOnTimestamp / 1000) },
    },
  })

/** Requests to Table Storage, by method. */
export type Operations = Readonly<Record<string, number>>

/** Stores entries, of which some are due, runs one tick, and counts what it asks of Table Storage. */
export async function operationsOfSweep(
  storage: Storage,
  counts: { readonly due: number; readonly stored: number },
): Promise<Operations> {
  const operations: Record<string, number> = {}
  const [entryTable, hintTable] = await Promise.all([storage.createTable(), storage.createTable()])
  const counted = ({ tableName }: TableClient) =>
    new TableClient(storage.azurite.tableServiceUrl, tableName, new ManagedIdentityCredential(), {
      additionalPolicies: [
        {
          position: 'perRetry',
          policy: {
            name: 'count',
            sendRequest(request, next) {
              operations[request.method] = (operations[request.method] ?? 0) + 1
              return next(request)
            },
          },
        },
      ],
    })
  const sealingKey = sealingKeyOf('version', randomBytes(32))
  const keyRing = { current: async () => sealingKey, byId: async () => sealingKey }
  const storesIn = (entries: TableClient, hints: TableClient) => ({
    store: createTokenEntryTable({ table: entries, keyRing, timeoutInMs: 30_000 }),
    dueIndex: createDueIndexTable({ table: hints, timeoutInMs: 30_000 }),
  })

  const seed = storesIn(entryTable, hintTable)
  await pLimit(PARALLEL_WRITES).map(
    Array.from({ length: counts.stored }, (_, number) => NOW + (number < counts.due ? 0 : 3_000_000)),
    async (dueTimestamp) => {
      const entryKey = randomBytes(32).toString('base64url')
      const entry = {
        client: profile.name,
        fingerprint: profile.fingerprint,
        renewal: 'password' as const,
        passwordVerifier: 'verifier',
        passwordCheck: 'c',
        verifiedOnTimestamp: NOW,
        serializedCache: cacheOf(dueTimestamp + THRESHOLD_IN_MS),
      }
      await seed.dueIndex.add({ entryKey, dueTimestamp })
      await seed.store.write(entryKey, entry, NOW, undefined)
    },
  )

  const { store, dueIndex } = storesIn(counted(entryTable), counted(hintTable))
  const identityProvider: IdentityProvider = {
    ...NO_CONNECTIONS,
    cachedTokenOf,
    acquireByPassword: () => Promise.reject(new Error('no password is known')),
    async acquireByRefreshToken(_, __, persist) {
      const expiresOnTimestamp = NOW + 3_599_000
      const stored = await persist(cacheOf(expiresOnTimestamp))
      return { token: { value: 'secret', acquiredOnTimestamp: NOW, expiresOnTimestamp }, stored }
    },
  }
  const now = () => NOW
  const addHint = createAddHint({ dueIndex, cachedTokenOf, refreshThresholdInMs: THRESHOLD_IN_MS })
  const writer = createEntryWriter({ store, dueIndex, addHint, refreshThresholdInMs: THRESHOLD_IN_MS })
  const sweep = createRefreshSweep({
    profiles: { get: async () => profile },
    store,
    writer,
    entryRefresh: createEntryRefresh({
      store,
      writer,
      identityProvider,
      pauses: createPauses(now),
      leaseInMs: 19_000,
      now,
      delay: () => Promise.reject(new Error('nobody waits')),
    }),
    cachedTokenOf,
    now,
    random: () => 0,
    refreshThresholdInMs: THRESHOLD_IN_MS,
    idleRenewalInMs: 180 * 86_400_000,
    passwordMaxAgeInMs: 86_400_000,
    idleEvictionInMs: 7 * 86_400_000,
    concurrency: 32,
  })
  const chunkQueue = { isEmpty: async () => true, put: () => Promise.reject(new Error('nothing to spread')) }
  const tick = createRefreshTick({
    dueIndex,
    sweep,
    chunkQueue,
    housekeep: async () => {},
    fanoutAbove: Infinity,
    now,
  })
  const { refreshed } = await tick({
    periodInMs: PERIOD_IN_MS,
    timeLimitInMs: PERIOD_IN_MS,
    correlationId: 'count',
  })
  if (refreshed !== counts.due) throw new Error(`${counts.due} were due, ${refreshed} refreshed`)
  return operations
}
