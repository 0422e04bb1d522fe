import { randomBytes } from 'node:crypto'
import { openStateFile } from '../process/state-file.ts'

interface SecretVersion {
  version: string
  value: string
  enabled: boolean
  /** Epoch seconds, as in Key Vault: two versions of one second cannot be told apart by it. */
  created: number
  updated: number
}

/** What the emulated vault holds. Names are case-insensitive, as in Key Vault. */
export interface KeyVaultSecrets {
  /** Adds a version and makes it the current one. */
  readonly setSecret: (name: string, value: string) => SecretVersion
  /** The current version without `version`. */
  readonly find: (name: string, version?: string) => SecretVersion | undefined
  /** In the order of the version identifiers, which is not the order in which they were made. */
  readonly versionsOf: (name: string) => readonly SecretVersion[] | undefined
  /** Every version without `version`. @throws when there is no such secret. */
  readonly setEnabled: (name: string, version: string | undefined, enabled: boolean) => void
  readonly deleteSecret: (name: string) => void
}

export function createKeyVaultSecrets(stateFile?: string): KeyVaultSecrets {
  const { state, save } = openStateFile<Record<string, SecretVersion[]>>(stateFile, () => ({}))
  const key = (name: string): string => name.toLowerCase()
  const nowInSeconds = (): number => Math.floor(Date.now() / 1000)
  return {
    setSecret: (name, value) => {
      const created = nowInSeconds()
      const version = {
        version: randomBytes(16).toString('hex'),
        value,
        enabled: true,
        created,
        updated: created,
      }
      state[key(name)] = [...(state[key(name)] ?? []), version]
      save()
      return version
    },
    find: (name, version) =>
      version === undefined
        ? state[key(name)]?.at(-1)
        : state[key(name)]?.find((candidate) => candidate.version === version),
    versionsOf: (name) => state[key(name)]?.toSorted((a, b) => (a.version < b.version ? -1 : 1)),
    setEnabled: (name, version, enabled) => {
      const affected = (state[key(name)] ?? []).filter(
        (one) => version === undefined || one.version === version,
      )
      if (affected.length === 0) throw new Error(`The vault has no secret ${name} ${version ?? ''}`)
      for (const one of affected) {
        one.enabled = enabled
        one.updated = nowInSeconds()
      }
      save()
    },
    deleteSecret: (name) => {
      delete state[key(name)]
      save()
    },
  }
}
