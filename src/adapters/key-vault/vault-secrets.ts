import { RestError, type SecretClient } from '@azure/keyvault-secrets'
import { LRUCache } from 'lru-cache'
import { BrokerError } from '../../core/broker-error.ts'
import { singleFlight } from '../../core/single-flight.ts'
import { faultDetailOf } from '../../core/fault-detail.ts'
import type { VaultProblems } from './vault-problems.ts'

/** A new version, or the end of a secret, is asked for after this time. */
const MAX_AGE_IN_MS = 5 * 60_000
/** How soon the vault is asked again after it failed, or said that there is no such secret. */
const RETRY_AFTER_IN_MS = 30_000
const MAX_SECRETS = 500
/** Kept apart, so that invented names cannot push out what is needed. */
const MAX_WITHHELD = 500

export interface VaultSecret {
  readonly name: string
  readonly version: string
  readonly value: string
}

/** Why there is no value: the vault says so, as opposed to not answering. */
export type Withheld = 'absent' | 'disabled'

export interface VaultSecrets {
  /**
   * The newest version, or the one named. A value that is held is given at once; when it is old, it is asked for beside, so that
   * nobody waits for a vault that hangs. When the vault fails, the last value stays.
   *
   * @throws {BrokerError} `temporarily_unavailable` when the vault fails and nothing is held.
   */
  get(name: string, version?: string): Promise<VaultSecret | Withheld>
  /** Names of all enabled secrets. Rejects with the vault's own error. */
  list(): Promise<readonly string[]>
  /** Enabled versions, the newest first. Rejects with the vault's own error. */
  versionsOf(name: string): Promise<readonly string[]>
}

interface Held {
  readonly answer: VaultSecret | Withheld
  readonly askAgainAt: number
}

export interface VaultSecretsOptions {
  readonly client: SecretClient
  readonly problems: VaultProblems
  /** Time limit of one read, retries included. */
  readonly timeoutInMs: number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}

/** Secrets of a Key Vault, each asked for at most once at a time and at most every five minutes. */
export function createVaultSecrets(options: VaultSecretsOptions): VaultSecrets {
  const { client, problems, timeoutInMs, elapsed } = options
  const values = new LRUCache<string, Held>({ max: MAX_SECRETS })
  const withheld = new LRUCache<string, Held>({ max: MAX_WITHHELD })
  const heldOf = (key: string) => values.get(key) ?? withheld.get(key)
  const flight = singleFlight<VaultSecret | Withheld>()

  function hold(key: string, answer: VaultSecret | Withheld, forInMs: number): VaultSecret | Withheld {
    const held = { answer, askAgainAt: elapsed() + forInMs }
    if (typeof answer === 'string') {
      values.delete(key)
      withheld.set(key, held)
    } else {
      withheld.delete(key)
      values.set(key, held)
    }
    return answer
  }

  async function ask(
    key: string,
    name: string,
    version: string | undefined,
  ): Promise<VaultSecret | Withheld> {
    try {
      const { value, properties } = await client.getSecret(name, {
        abortSignal: AbortSignal.timeout(timeoutInMs),
        ...(version !== undefined && { version }),
      })
      problems.solve(refusalOf(key))
      return hold(key, { name, version: properties.version ?? '', value: value ?? '' }, MAX_AGE_IN_MS)
    } catch (error) {
      const reason = withheldBy(error)
      if (reason) {
        problems.solve(refusalOf(key))
        return hold(key, reason, RETRY_AFTER_IN_MS)
      }
      const logDetail = `Key Vault: secret ${name}: ${faultDetailOf(error)}`
      const lastKnownGood = heldOf(key)?.answer
      if (!lastKnownGood) throw new BrokerError('temporarily_unavailable', { logDetail, cause: error })
      if (isRefused(error)) problems.note(refusalOf(key), `${logDetail}; what was read before is used`)
      return hold(key, lastKnownGood, RETRY_AFTER_IN_MS)
    }
  }

  return {
    async get(name, version) {
      const key = `${name}/${version ?? ''}`
      const known = heldOf(key)
      if (known && elapsed() < known.askAgainAt) return known.answer
      const asked = flight(key, () => ask(key, name, version))
      if (!known || typeof known.answer === 'string') return asked
      // Whoever asks next has the answer.
      asked.catch(() => {})
      return known.answer
    },

    async list() {
      const names: string[] = []
      const listed = client.listPropertiesOfSecrets({ abortSignal: AbortSignal.timeout(timeoutInMs) })
      for await (const { name, enabled } of listed) if (enabled) names.push(name)
      return names
    },

    async versionsOf(name) {
      const versions: { version: string; createdOn: number }[] = []
      const listed = client.listPropertiesOfSecretVersions(name, {
        abortSignal: AbortSignal.timeout(timeoutInMs),
      })
      for await (const { version = '', enabled, createdOn } of listed) {
        if (enabled) versions.push({ version, createdOn: createdOn?.getTime() ?? 0 })
      }
      return versions.toSorted((a, b) => b.createdOn - a.createdOn).map(({ version }) => version)
    },
  }
}

/** A right that is missing or a wall does not pass: the next process that starts knows no secret at all. */
function isRefused(error: unknown): boolean {
  return error instanceof RestError && (error.statusCode === 401 || error.statusCode === 403)
}

/** Under this name, beside what is wrong with the value itself. */
function refusalOf(key: string): string {
  return `${key} refused`
}

/** What the vault answers with authority; a refused permission is a fault of ours, and no reason to drop what is held. */
function withheldBy(error: unknown): Withheld | undefined {
  if (!(error instanceof RestError)) return undefined
  if (error.statusCode === 404) return 'absent'
  const details = error.details as { error?: { innerError?: { code?: string } } } | undefined
  return error.statusCode === 403 && details?.error?.innerError?.code === 'SecretDisabled'
    ? 'disabled'
    : undefined
}
