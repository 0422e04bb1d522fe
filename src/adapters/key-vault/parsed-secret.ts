import { BrokerError } from '../../core/broker-error.ts'
import type { VaultProblems } from './vault-problems.ts'
import type { VaultSecret, VaultSecrets, Withheld } from './vault-secrets.ts'

/** A process that has just started looks so far back for a version that is good. */
const MAX_OLDER_VERSIONS = 5

export interface ParsedSecrets<T extends object> {
  /**
   * What the newest version says; when it is malformed, what the newest good one says. Parsed once per version.
   *
   * @throws {BrokerError} `misconfigured` when none is good, `temporarily_unavailable` when the vault fails and nothing is held.
   */
  get(name: string): Promise<T | Withheld>
}

/** @param parse throws {BrokerError} `misconfigured`, whose detail names what is wrong and never the value. */
export function createParsedSecrets<T extends object>(
  secrets: VaultSecrets,
  problems: VaultProblems,
  parse: (secret: VaultSecret) => T,
): ParsedSecrets<T> {
  const good = new Map<string, T>()
  const parsed = new WeakMap<VaultSecret, Promise<T>>()

  function parseOnce(secret: VaultSecret): Promise<T> {
    const known = parsed.get(secret) ?? newestGood(secret)
    parsed.set(secret, known)
    return known
  }

  async function newestGood(secret: VaultSecret): Promise<T> {
    try {
      const value = parse(secret)
      good.set(secret.name, value)
      problems.solve(secret.name)
      return value
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      const { logDetail = secret.name } = error.details
      const before = good.get(secret.name) ?? (await olderGood(secret))
      problems.note(secret.name, before ? `${logDetail}; an older version is used` : logDetail)
      if (!before) throw error
      good.set(secret.name, before)
      return before
    }
  }

  async function olderGood(malformed: VaultSecret): Promise<T | undefined> {
    const versions = await secrets.versionsOf(malformed.name).catch(() => [])
    const older = versions.filter((version) => version !== malformed.version).slice(0, MAX_OLDER_VERSIONS)
    for (const version of older) {
      const secret = await secrets.get(malformed.name, version)
      if (typeof secret === 'string') continue
      try {
        return parse(secret)
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
      }
    }
    return undefined
  }

  return {
    async get(name) {
      const secret = await secrets.get(name)
      if (typeof secret !== 'string') return parseOnce(secret)
      good.delete(name)
      return secret
    },
  }
}
