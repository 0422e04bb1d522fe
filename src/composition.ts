import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { TableClient } from '@azure/data-tables'
import { DefaultAzureCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import { QueueClient } from '@azure/storage-queue'
import { createCacheKeys } from './adapters/key-vault/cache-keys.ts'
import { createClientProfiles, DEFAULT_PROFILE } from './adapters/key-vault/client-profiles.ts'
import { createVaultSecrets } from './adapters/key-vault/vault-secrets.ts'
import { withTimeLimit } from './adapters/identity/time-limited-credential.ts'
import { createEntraId } from './adapters/msal/entra-id.ts'
import { chunkOfMessage, createChunkQueue } from './adapters/queue/chunk-queue.ts'
import { createDueHintTable } from './adapters/tables/due-index-table.ts'
import { probeTable } from './adapters/tables/table-probe.ts'
import { createTokenEntryTable } from './adapters/tables/token-entry-table.ts'
import { BrokerError } from './core/broker-error.ts'
import { createEntryRefresh } from './core/entry/entry-refresh.ts'
import { createEntrySlots } from './core/entry/entry-writer.ts'
import { createOtherRefresh } from './core/entry/other-refresh.ts'
import { rememberMatches } from './core/request/password-verifiers.ts'
import { withBackoff } from './core/provider/provider-backoff.ts'
import { createReadiness, type Readiness } from './core/readiness.ts'
import { createRefreshSweep } from './core/pre-refresh/refresh-sweep.ts'
import { createRefreshTick } from './core/pre-refresh/refresh-tick.ts'
import { createTokenAcquirer } from './core/request/token-source.ts'
import { createTokenBroker } from './core/request/remembering-token-source.ts'
import { createTokenMemory } from './core/request/token-memory.ts'
import { createKeyedDigest } from './crypto/keyed-digest.ts'
import { createPasswordVerifier, matchesPassword } from './crypto/password-verifier.ts'
import type { RefreshChunkOptions } from './functions/refreshchunk.ts'
import type { RefreshTokensOptions } from './functions/refreshtokens.ts'
import type { RequestTokenOptions } from './functions/requesttoken.ts'
import { readSettings, SettingsError, type Settings } from './settings.ts'
import { queueNames, tableNames } from './storage-names.ts'

/** Two quick retries: an SDK's own default of seconds would eat a request's deadline. */
const RETRY_OPTIONS = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 500 }

export interface Composition {
  readonly requestToken: RequestTokenOptions
  readonly refreshTokens: RefreshTokensOptions
  readonly refreshChunk: RefreshChunkOptions
  readonly readinessOf: () => Promise<Readiness>
}

/** The whole broker, wired: the one place where adapters meet the core. `now` in epoch milliseconds. */
export function compose(settings: Settings, now: () => number): Composition {
  const { storageTimeoutInMs: timeoutInMs } = settings
  const credential = withTimeLimit(new DefaultAzureCredential(), timeoutInMs)
  const tableOf = (name: string) =>
    new TableClient(settings.tableServiceUrl, name, credential, { retryOptions: RETRY_OPTIONS })
  const secrets = createVaultSecrets({
    client: new SecretClient(settings.keyVaultUrl, credential, { retryOptions: RETRY_OPTIONS }),
    timeoutInMs,
    now,
  })
  const profiles = createClientProfiles(secrets)
  const cacheKeys = createCacheKeys(secrets)
  const store = createTokenEntryTable({
    table: tableOf(tableNames.tokenCache),
    keyRing: cacheKeys,
    timeoutInMs,
  })
  const dueIndex = createDueHintTable({ table: tableOf(tableNames.refreshDue), timeoutInMs })
  const identityProvider = withBackoff(
    createEntraId({ timeoutInMs: settings.identityProviderTimeoutInMs, now }),
    now,
  )
  const slots = createEntrySlots({
    store,
    dueIndex,
    cachedTokenOf: identityProvider.cachedTokenOf,
    refreshThresholdInMs: settings.refreshThresholdInMs,
  })
  const refreshEntry = createEntryRefresh({
    store,
    slots,
    identityProvider,
    leaseInMs: settings.identityProviderTimeoutInMs + 3 * timeoutInMs,
    now,
  })
  const digestOf = createKeyedDigest(randomBytes(32))
  const acquireToken = createTokenAcquirer({
    profiles,
    store,
    dueIndex,
    slots,
    refreshEntry,
    awaitOtherRefresh: createOtherRefresh({
      store,
      cachedTokenOf: identityProvider.cachedTokenOf,
      now,
      delay: (timeInMs) => setTimeout(timeInMs),
    }),
    identityProvider,
    verifiers: rememberMatches({ create: createPasswordVerifier, matches: matchesPassword }, digestOf, now),
    entryKeyOf: cacheKeys.entryKeyOf,
    now,
    refreshThresholdInMs: settings.refreshThresholdInMs,
    passwordMaxAgeInMs: settings.passwordMaxAgeInMs,
  })
  const broker = createTokenBroker({
    memory: createTokenMemory(now),
    acquireToken,
    digestOf,
    now,
    refreshThresholdInMs: settings.refreshThresholdInMs,
  })
  const sweep = createRefreshSweep({
    profiles,
    store,
    dueIndex,
    refreshEntry,
    cachedTokenOf: identityProvider.cachedTokenOf,
    now,
    random: Math.random,
    refreshThresholdInMs: settings.refreshThresholdInMs,
    passwordMaxAgeInMs: settings.passwordMaxAgeInMs,
    idleEvictionInMs: settings.idleEvictionInMs,
    concurrency: settings.refreshConcurrency,
  })
  const queue = new QueueClient(`${settings.queueServiceUrl}/${queueNames.refreshChunk}`, credential, {
    retryOptions: { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 },
  })
  const chunkQueue = createChunkQueue({ queue, timeoutInMs })
  const tick = createRefreshTick({
    dueIndex,
    sweep,
    chunkQueue,
    fanoutAbove: settings.refreshFanoutAbove,
    now,
  })
  const readinessOf = createReadiness(
    {
      key_vault: () => Promise.all([cacheKeys.current(), cacheKeys.entryKeyOf('', '')]),
      default_client: () => profiles.get(DEFAULT_PROFILE),
      tables: () =>
        Promise.all(
          [tableNames.tokenCache, tableNames.refreshDue].map((name) =>
            probeTable(tableOf(name), timeoutInMs),
          ),
        ),
      queue: () => chunkQueue.isEmpty(),
    },
    now,
  )
  return {
    requestToken: { broker, now, deadlineInMs: settings.requestDeadlineInMs },
    refreshTokens: { tick },
    refreshChunk: { sweep, chunkOfMessage, now },
    readinessOf,
  }
}

/**
 * Composes at the first call and keeps the result. Wrong settings are an answer to every call, not a worker that does not
 * start: then a caller would be told 404.
 *
 * @throws {BrokerError} `misconfigured`
 */
export function composeOnce(environment: NodeJS.ProcessEnv, now: () => number): () => Composition {
  let composition: Composition | undefined
  return () => {
    try {
      composition ??= compose(readSettings(environment), now)
      return composition
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      throw new BrokerError('misconfigured', { logDetail: error.message, cause: error })
    }
  }
}
