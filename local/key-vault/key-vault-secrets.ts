import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { openStateFile } from '../process/state-file.ts'

const secretVersionSchema = z.object({
  version: z.string(),
  value: z.string(),
  contentType: z.string().optional(),
  enabled: z.boolean(),
  /** Epoch seconds, as in Key Vault: two versions of one second cannot be told apart by it. */
  created: z.number(),
  updated: z.number(),
  /** Epoch seconds; of a deleted secret every version has it. */
  deleted: z.number().optional(),
})

export type SecretVersion = z.infer<typeof secretVersionSchema>

/** By name. */
const stateSchema = z.record(z.string(), z.array(secretVersionSchema).min(1))

/** What the emulated vault holds. Names are case-insensitive, as in Key Vault. What is deleted is found only as deleted. */
export interface KeyVaultSecrets {
  /** Adds a version and makes it the current one. A deleted secret of that name is gone for good. */
  readonly setSecret: (name: string, value: string, contentType?: string) => SecretVersion
  /** The current version without `version`. */
  readonly find: (name: string, version?: string) => SecretVersion | undefined
  readonly findDeleted: (name: string) => SecretVersion | undefined
  /** Every secret's name and current version, in alphabetical order. */
  readonly current: () => readonly (readonly [name: string, secret: SecretVersion])[]
  readonly deleted: () => readonly (readonly [name: string, secret: SecretVersion])[]
  /** In the order of the version identifiers, which is not the order in which they were made. */
  readonly versionsOf: (name: string) => readonly SecretVersion[] | undefined
  /** Every version without `version`. @throws when there is no such secret. */
  readonly setEnabled: (name: string, version: string | undefined, isEnabled: boolean) => void
  readonly deleteSecret: (name: string) => void
  readonly recoverSecret: (name: string) => void
}

export function createKeyVaultSecrets(stateFile?: string): KeyVaultSecrets {
  const { state, save } = openStateFile<z.infer<typeof stateSchema>>(stateFile, stateSchema, () => ({}))
  const key = (name: string): string => name.toLowerCase()
  const nowInSeconds = (): number => Math.floor(Date.now() / 1000)
  const live = (name: string): SecretVersion[] => (state[key(name)] ?? []).filter((one) => !one.deleted)
  const latest = (isWanted: (secret: SecretVersion) => boolean) =>
    Object.entries(state)
      .map(([name, versions]) => [name, versions.at(-1)] as const)
      .filter(
        (entry): entry is readonly [string, SecretVersion] => entry[1] !== undefined && isWanted(entry[1]),
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    setSecret: (name, value, contentType) => {
      const created = nowInSeconds()
      const version: SecretVersion = {
        version: randomBytes(16).toString('hex'),
        value,
        ...(contentType !== undefined && { contentType }),
        enabled: true,
        created,
        updated: created,
      }
      state[key(name)] = [...live(name), version]
      save()
      return version
    },
    find: (name, version) =>
      version === undefined
        ? live(name).at(-1)
        : live(name).find((candidate) => candidate.version === version),
    findDeleted: (name) => (state[key(name)] ?? []).findLast((one) => one.deleted),
    current: () => latest(({ deleted }) => deleted === undefined),
    deleted: () => latest(({ deleted }) => deleted !== undefined),
    versionsOf: (name) => {
      const versions = live(name)
      return versions.length === 0 ? undefined : versions.toSorted((a, b) => (a.version < b.version ? -1 : 1))
    },
    setEnabled: (name, version, isEnabled) => {
      const affected = live(name).filter((one) => version === undefined || one.version === version)
      if (affected.length === 0) throw new Error(`The vault has no secret ${name} ${version ?? ''}`)
      for (const one of affected) {
        one.enabled = isEnabled
        one.updated = nowInSeconds()
      }
      save()
    },
    deleteSecret: (name) => {
      for (const one of state[key(name)] ?? []) one.deleted = nowInSeconds()
      save()
    },
    recoverSecret: (name) => {
      for (const one of state[key(name)] ?? []) delete one.deleted
      save()
    },
  }
}
