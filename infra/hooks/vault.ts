import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AzureCliError, type AzureCli } from './azure-cli.ts'

/** A role that was assigned a moment ago takes up to ten minutes to work. */
const PATIENCE_IN_MS = 10 * 60_000
const PAUSE_IN_MS = 10_000

const NOT_YET_ALLOWED = /ForbiddenByRbac|Caller is not authorized|does not have secrets/i
const CLOSED_NETWORK = /ForbiddenByFirewall|ForbiddenByConnection|public network access is disabled/i

/** A vault's secrets, by name; no value is ever read. */
export interface Vault {
  /** Names that are taken, disabled secrets among them. */
  names(): Promise<readonly string[]>
  /** Names that wait in the recycle bin: they can be recovered, and cannot be set until then. */
  deletedNames(): Promise<readonly string[]>
  set(name: string, value: string, contentType: string): Promise<void>
}

export interface VaultParts {
  readonly az: AzureCli
  readonly vaultName: string
  readonly say: (line: string) => void
  readonly delay: (timeInMs: number) => Promise<unknown>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The calls wait for rights that are on their way. @throws {AzureCliError} when they do not come, or for another reason. */
export function createVault({ az, vaultName, say, delay, now }: VaultParts): Vault {
  const secret = (verb: string, args: readonly string[]) =>
    patiently(['keyvault', 'secret', verb, '--vault-name', vaultName, ...args])

  async function patiently(args: readonly string[]): Promise<string> {
    const endTimestamp = now() + PATIENCE_IN_MS
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await az(args)
      } catch (error) {
        if (!(error instanceof AzureCliError)) throw error
        if (CLOSED_NETWORK.test(error.message)) throw closedNetwork(vaultName, error)
        if (!NOT_YET_ALLOWED.test(error.message) || now() + PAUSE_IN_MS > endTimestamp) throw error
        if (isFirst) say('Waiting for the right to write secrets, which takes up to 10 minutes to arrive.')
        await delay(PAUSE_IN_MS)
      }
    }
  }

  async function namesOf(verb: string): Promise<readonly string[]> {
    return JSON.parse(await secret(verb, ['--query', '[].name', '--output', 'json'])) as string[]
  }

  return {
    names: () => namesOf('list'),
    deletedNames: () => namesOf('list-deleted'),
    async set(name, value, contentType) {
      const folder = await mkdtemp(join(tmpdir(), 'secret-'))
      const remove = () => rmSync(folder, { recursive: true, force: true })
      process.once('exit', remove)
      try {
        const file = join(folder, 'value')
        await writeFile(file, value, { mode: 0o600 })
        const words = ['--name', name, '--file', file, '--encoding', 'utf-8', '--content-type', contentType]
        await secret('set', [...words, '--output', 'none'])
      } finally {
        remove()
        process.off('exit', remove)
      }
    },
  }
}

function closedNetwork(vaultName: string, cause: AzureCliError): AzureCliError {
  return new AzureCliError(
    `The vault ${vaultName} is closed to this machine's network. Run this from inside the network, or add this machine's address to operatorIpRanges and provision again.`,
    { cause },
  )
}
