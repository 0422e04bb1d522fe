import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { TableClient } from '@azure/data-tables'
import { DefaultAzureCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import { QueueClient } from '@azure/storage-queue'
import { createClientProfiles } from './adapters/key-vault/client-profiles.ts'
import { createRowNames } from './adapters/key-vault/row-names.ts'
import { createSealingKeys } from './adapters/key-vault/sealing-keys.ts'
import { createVaultProblems } from './adapters/key-vault/vault-problems.ts'
import { createVaultSecrets } from './adapters/key-vault/vault-secrets.ts'
import { createIdentityHttpClient } from './adapters/identity/identity-http-client.ts'
import { createFederatedAssertion } from './adapters/identity/federated-assertion.ts'
import { withTimeLimit } from './adapters/identity/time-limited-credential.ts'
import { createAuthorityProbe, needsMfa } from './adapters/msal/authority-probe.ts'
import { createEntraId } from './adapters/msal/entra-id.ts'
import { chunkOfMessage, createChunkQueue } from './adapters/queue/chunk-queue.ts'
import { createActivityTable } from './adapters/tables/activity-table.ts'
import { createConnectionTable } from './adapters/tables/connection-table.ts'
import { createDueIndexTable } from './adapters/tables/due-index-table.ts'
import { createRefusalTable } from './adapters/tables/refusal-table.ts'
import { createSealedAttempts } from './adapters/tables/sealed-attempts.ts'
import { probeTable } from './adapters/tables/table-probe.ts'
import { createTokenEntryTable } from './adapters/tables/token-entry-table.ts'
import { createActivity, type Activity } from './core/activity/activity.ts'
import { createReadHistory } from './core/activity/activity-history.ts'
import { BrokerError } from './core/broker-error.ts'
import { DEFAULT_CLIENT } from './core/client-profile.ts'
import type { Clock } from './core/clock.ts'
import type { ConnectionSecrets } from './core/connection/connection-secrets.ts'
import { withNotedCalls } from './core/provider/noted-calls.ts'
import { createDoctor } from './core/operate/doctor.ts'
import { createReadiness, type Readiness } from './core/readiness.ts'
import { composeCore } from './core-composition.ts'
import {
  connectionSecretDigest,
  createConnectionSecret,
  isConnectionSecret,
  isMeantAsConnectionSecret,
  matchesConnectionSecret,
} from './crypto/connection-secret.ts'
import { createKeyedDigest } from './crypto/keyed-digest.ts'
import { createPasswordVerifier, matchesPassword } from './crypto/password-verifier.ts'
import type { ConnectOptions } from './functions/connect.ts'
import type { ConnectionOptions } from './functions/connections.ts'
import type { DoctorRouteOptions } from './functions/doctor.ts'
import type { RefreshChunkOptions } from './functions/refreshchunk.ts'
import type { RefreshTokensOptions } from './functions/refreshtokens.ts'
import type { RequestTokenOptions } from './functions/requesttoken.ts'
import type { StatusOptions } from './functions/statusdata.ts'
import type { OperatorOptions } from './functions/tokens.ts'
import { createCallerNames, createPrincipalNames } from './http/caller.ts'
import { readSettings, SettingsError, type Settings } from './settings.ts'
import { queueNames, tableNames } from './storage-names.ts'

/** Two quick retries: an SDK's own default of seconds would eat a request's deadline. */
const RETRY_OPTIONS = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 500 }

/** Without the other one, figures are lost and nothing else. */
const NEEDED_TABLES = [tableNames.tokenCache, tableNames.refreshDue, tableNames.refusals]

const CONNECTION_SECRETS: ConnectionSecrets = {
  create: createConnectionSecret,
  isMeant: isMeantAsConnectionSecret,
  isWhole: isConnectionSecret,
  digestOf: connectionSecretDigest,
  matches: matchesConnectionSecret,
}

export interface Composition {
  readonly activity: Activity
  readonly operate: OperatorOptions
  readonly connect: ConnectOptions
  readonly connections: ConnectionOptions
  readonly requestToken: RequestTokenOptions
  readonly refreshTokens: RefreshTokensOptions
  readonly refreshChunk: RefreshChunkOptions
  readonly status: StatusOptions
  readonly doctor: DoctorRouteOptions
  readonly checkReadiness: () => Promise<Readiness>
  readonly publicUrl: string | undefined
}

/** The whole broker, wired: the one place where adapters meet the core. */
export function compose(settings: Settings, clock: Clock): Composition {
  const { storageTimeoutInMs: timeoutInMs, identityProviderTimeoutInMs } = settings
  const { now, elapsed } = clock
  const credential = withTimeLimit(azureCredential(), timeoutInMs)
  const tableOf = (name: string) =>
    new TableClient(settings.tableServiceUrl, name, credential, { retryOptions: RETRY_OPTIONS })
  const problems = createVaultProblems()
  const secrets = createVaultSecrets({
    problems,
    client: new SecretClient(settings.keyVaultUrl, credential, { retryOptions: RETRY_OPTIONS }),
    timeoutInMs,
    elapsed,
  })
  const profiles = createClientProfiles({ secrets, problems, elapsed })
  const keyRing = createSealingKeys(secrets, problems)
  const rowNames = createRowNames(secrets, problems)
  const { resolveEntryKey, resolveAttempt } = rowNames
  const queue = new QueueClient(`${settings.queueServiceUrl}/${queueNames.refreshChunk}`, credential, {
    retryOptions: { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 },
  })
  const chunkQueue = createChunkQueue({ queue, timeoutInMs })
  const activityStore = createActivityTable({ table: tableOf(tableNames.activity), timeoutInMs, now })
  const activity = createActivity({
    store: activityStore,
    now,
    // Nothing waits for it: it keeps no process alive.
    delay: (timeInMs) => setTimeout(timeInMs, undefined, { ref: false }),
    randomId: randomUUID,
  })
  const dueIndex = createDueIndexTable({ table: tableOf(tableNames.refreshDue), timeoutInMs })
  const entraId = createEntraId({
    timeoutInMs: identityProviderTimeoutInMs,
    now,
    resolveAssertion: createFederatedAssertion(credential),
  })
  const { operators, connections, signIns, foresight, tokenSource, sweep, tick } = composeCore(
    {
      profiles,
      store: createTokenEntryTable({ table: tableOf(tableNames.tokenCache), keyRing, timeoutInMs }),
      dueIndex,
      connections: createConnectionTable({ table: tableOf(tableNames.connections), keyRing, timeoutInMs }),
      connectionSecrets: CONNECTION_SECRETS,
      signInAttempts: createSealedAttempts(keyRing),
      resolveSecretKey: rowNames.resolveSecretKey,
      randomKey: () => randomBytes(16).toString('base64url'),
      refusals: createRefusalTable({ table: tableOf(tableNames.refusals), keyRing, timeoutInMs }),
      chunkQueue,
      pruneActivity: (beforeTimestamp) => activityStore.prune(beforeTimestamp),
      identityProvider: withNotedCalls(entraId, () => activity.noteProviderCall()),
      passwordHash: { create: createPasswordVerifier, matches: matchesPassword },
      resolveEntryKey,
      resolveAttempt,
      digestOf: createKeyedDigest(randomBytes(32)),
      clock,
      delay: (timeInMs) => setTimeout(timeInMs),
      random: Math.random,
      randomId: randomUUID,
    },
    {
      ...settings,
      leaseInMs: identityProviderTimeoutInMs + 3 * timeoutInMs,
      waitLimitInMs: Math.max(0, settings.requestDeadlineInMs - 2_000),
    },
  )
  const problemsOf = () => [...settings.problems, ...problems.all()]
  const checkReadiness = createReadiness(
    {
      key_vault: () => Promise.all([keyRing.current(), resolveEntryKey('', '')]),
      default_client: () => profiles.get(DEFAULT_CLIENT),
      tables: () => Promise.all(NEEDED_TABLES.map((name) => probeTable(tableOf(name), timeoutInMs))),
      queue: () => chunkQueue.isEmpty(),
    },
    problemsOf,
    elapsed,
  )
  const resolveCaller = createCallerNames({
    digest: rowNames.resolveCaller,
    trustsPrincipal: settings.isAuthenticatedByPlatform,
  })
  const resolvePrincipal = createPrincipalNames(settings.isAuthenticatedByPlatform)
  return {
    activity,
    operate: { operators, resolveCaller },
    connect: { signIns, publicUrl: settings.publicUrl },
    connections: { connections, resolveCaller, resolvePrincipal },
    requestToken: {
      tokenSource,
      now,
      deadlineInMs: settings.requestDeadlineInMs,
      resolveCaller,
    },
    refreshTokens: { tick, problemsOf, foresight },
    refreshChunk: { sweep, chunkOfMessage, now },
    status: {
      checkReadiness,
      operators,
      connections,
      readHistory: createReadHistory({ store: activityStore, activity, now }),
      resolveCaller,
      now,
      deadlineInMs: settings.requestDeadlineInMs,
    },
    doctor: {
      doctor: createDoctor({
        checkReadiness,
        profiles,
        defaultProfile: DEFAULT_CLIENT,
        dueIndex,
        identityProvider: entraId,
        askAuthority: createAuthorityProbe(identityProviderTimeoutInMs),
        needsMfa,
        readConnections: () => connections.list(1),
        hasAddress: settings.publicUrl !== undefined,
        randomId: randomUUID,
        now,
        elapsed,
      }),
      resolveCaller,
    },
    checkReadiness,
    publicUrl: settings.publicUrl,
  }
}

/** @throws {SettingsError} Its own error quotes the setting, which is not told. */
function azureCredential(): DefaultAzureCredential {
  try {
    return new DefaultAzureCredential({ httpClient: createIdentityHttpClient() })
  } catch {
    throw new SettingsError([
      'AZURE_TOKEN_CREDENTIALS must be prod, dev or the name of one credential, such as ManagedIdentityCredential',
    ])
  }
}

/**
 * Composes at the first call and keeps the result. Wrong settings are an answer to every call, not a worker that does not
 * start: then a caller would be told 404.
 *
 * @throws {BrokerError} `misconfigured`
 */
export function composeOnce(environment: NodeJS.ProcessEnv, clock: Clock): () => Composition {
  let composition: Composition | undefined
  return () => {
    try {
      composition ??= compose(readSettings(environment), clock)
      return composition
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      throw new BrokerError('misconfigured', { logDetail: error.message, cause: error })
    }
  }
}
