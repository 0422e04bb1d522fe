import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import { QueueClient } from '@azure/storage-queue'
import { endChildProcess, minimalEnvironment } from '../../local/process/child-process.ts'
import { startEmulators, type Emulators } from '../../local/emulators.ts'
import '../../local/server/loopback-names.ts'
import { createRowNames } from '../../src/adapters/key-vault/row-names.ts'
import { createSealingKeys } from '../../src/adapters/key-vault/sealing-keys.ts'
import { createVaultProblems } from '../../src/adapters/key-vault/vault-problems.ts'
import { createVaultSecrets } from '../../src/adapters/key-vault/vault-secrets.ts'
import { createDueIndexTable } from '../../src/adapters/tables/due-index-table.ts'
import { createTokenEntryTable } from '../../src/adapters/tables/token-entry-table.ts'
import type { DueHint, DueIndex } from '../../src/core/entry/due-index.ts'
import type { TokenEntryStore } from '../../src/core/entry/token-entry-store.ts'
import { tableNames } from '../../src/storage-names.ts'
import type { Command, Reply, Rounds } from './broker-child.ts'
import type { InstanceAnswer } from './instance.ts'
import { trust } from './trust.ts'

export interface User {
  readonly username: string
  readonly password: string
}

/** A broker in a process of its own. Commands and requests reject when the process ends. */
export interface BrokerChild {
  readonly pid: number
  readonly url: string
  /** Every line that it wrote. */
  readonly lines: readonly string[]
  tick(): Promise<void>
  drain(): Promise<void>
  setClock(now: number): Promise<void>
  requestToken(user: User): Promise<{ status: number; json: Record<string, unknown> }>
  /**
   * Asks so many brokers in this process, none of which knows anything yet, for all of a round at once, one round after the
   * other. Past the host: what waits for a listening socket is not the broker's to answer.
   *
   * @returns of each broker, by round.
   */
  askNew(count: number, rounds: Rounds): Promise<readonly (readonly (readonly InstanceAnswer[])[])[]>
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What the brokers' storage holds, read and written through the product's own code. */
export interface StorageView {
  readonly store: TokenEntryStore
  readonly dueIndex: DueIndex
  /** Of the profile `default`. */
  readonly entryKeyOf: (username: string) => Promise<string>
  allHints(): Promise<DueHint[]>
  readonly queueOf: (name: string) => QueueClient
}

/** Broker processes that share the emulators and one clock, which stands still between two calls of `advance`. */
export interface Processes extends Pick<Emulators, 'entra' | 'keyVault' | 'azurite' | 'tls'>, StorageView {
  readonly now: () => number
  /** For every process and the Entra emulator. */
  advance(seconds: number): Promise<void>
  /** One more, with settings of its own. */
  start(settings?: Readonly<Record<string, string>>): Promise<BrokerChild>
  close(): Promise<void>
}

const START_TIMESTAMP = 1_764_000_000_000
/** No hint is later: the largest that a row key may say. */
const END_OF_TIME = 9_999_999_999_999
const STORAGE_TIMEOUT_IN_MS = 30_000

export async function startProcesses(
  options: {
    /** App settings. */
    readonly settings?: Readonly<Record<string, string>>
    /** For what must be there before the emulators start. */
    readonly folder?: string
    readonly isStorageInMemory?: boolean
  } = {},
): Promise<Processes> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'broker-test-')))
  const children = new Set<BrokerChild>()
  let now = START_TIMESTAMP
  const emulators = await startEmulators({
    folder,
    portBase: 0,
    isStorageInMemory: options.isStorageInMemory,
    now: () => now,
  })
  trust(emulators.tls)
  Object.assign(process.env, emulators.environment)
  return {
    ...storageViewOf(emulators),
    entra: emulators.entra,
    keyVault: emulators.keyVault,
    azurite: emulators.azurite,
    tls: emulators.tls,
    now: () => now,
    async advance(seconds) {
      now += seconds * 1000
      await Promise.all([...children].map((child) => child.setClock(now)))
    },
    async start(settings) {
      const child = await startBrokerChild({ ...emulators.environment, ...options.settings, ...settings })
      await child.setClock(now)
      children.add(child)
      const forget = (end: () => Promise<void>) => async () => {
        children.delete(child)
        await end()
      }
      return Object.assign(child, { kill: forget(child.kill), close: forget(child.close) })
    },
    async close() {
      await Promise.all([...children].map((child) => child.close()))
      await emulators.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startBrokerChild(environment: Readonly<Record<string, string>>): Promise<BrokerChild> {
  const child = fork(fileURLToPath(new URL('./broker-child.ts', import.meta.url)), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...minimalEnvironment(process.env), ...environment, FUNCTIONS_WORKER_RUNTIME: 'node' },
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on('line', (line) => void lines.push(line))
  }
  const waiting = new Map<number, (reply: Reply) => void>()
  const ended = once(child, 'exit')
  child.once('exit', () => {
    const error = `the process ended: ${lines.slice(-5).join('\n')}`
    for (const [id, settle] of waiting) settle({ id, error })
  })
  child.on('message', (reply: Reply) => waiting.get(reply.id)?.(reply))

  function replyTo(id: number): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      waiting.set(id, (reply) => {
        waiting.delete(id)
        if (reply.error === undefined) resolve(reply)
        else reject(new Error(reply.error))
      })
    })
  }
  let commands = 0
  async function order(command: Command): Promise<Reply> {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the process has ended')
    const id = ++commands
    const replied = replyTo(id)
    // A process that has just died is found out by its end.
    child.send({ id, command }, () => {})
    return replied
  }
  const obeyed = async (command: Command): Promise<void> => void (await order(command))

  const { url } = await replyTo(0)
  return {
    pid: child.pid ?? 0,
    url: String(url),
    lines,
    tick: () => obeyed({ kind: 'tick' }),
    drain: () => obeyed({ kind: 'drain' }),
    setClock: (now) => obeyed({ kind: 'clock', now }),
    askNew: async (count, rounds) => (await order({ kind: 'ask new', count, rounds })).answers ?? [],
    async requestToken(user) {
      const response = await fetch(`${url}/requesttoken`, {
        method: 'POST',
        // A connection that is kept may be closed by the server in the moment when it is used again.
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(user),
      })
      return { status: response.status, json: (await response.json()) as Record<string, unknown> }
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    close: () => endChildProcess(child),
  }
}

function storageViewOf({ keyVault, azurite }: Emulators): StorageView {
  const credential = new ManagedIdentityCredential()
  const timeoutInMs = STORAGE_TIMEOUT_IN_MS
  const tableOf = (name: string) => new TableClient(azurite.tableServiceUrl, name, credential)
  const client = new SecretClient(keyVault.url, credential)
  const problems = createVaultProblems()
  const secrets = createVaultSecrets({
    client,
    problems,
    timeoutInMs,
    elapsed: Date.now,
  })
  const { resolveEntryKey } = createRowNames(secrets, problems)
  const dueIndex = createDueIndexTable({ table: tableOf(tableNames.refreshDue), timeoutInMs })
  return {
    store: createTokenEntryTable({
      table: tableOf(tableNames.tokenCache),
      keyRing: createSealingKeys(secrets, problems),
      timeoutInMs,
    }),
    dueIndex,
    entryKeyOf: (username) => resolveEntryKey('default', username),
    allHints: () => dueIndex.dueBefore(END_OF_TIME),
    queueOf: (name) => new QueueClient(`${azurite.queueServiceUrl}/${name}`, credential),
  }
}
