import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { tableNames } from '../../src/storage-names.ts'
import { startBrokerProcess, type BrokerProcess } from '../process/broker-process.ts'
import { startEmulators, type Emulators } from '../emulators.ts'
import type { TokenCall } from '../entra/token-endpoint.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** What a caller of the broker got, and what it cost. */
export interface DemoAnswer {
  readonly status: number
  readonly action: string | undefined
  readonly error: string | undefined
  readonly token: string | undefined
  /** Epoch milliseconds. */
  readonly expiresOnTimestamp: number
  readonly correlationId: string
  readonly durationInMs: number
  /** The requests that reached the identity provider meanwhile, without the timer's. */
  readonly calls: readonly TokenCall[]
}

/** The emulators, and the broker in a process of its own, in one folder. */
export interface DemoWorld extends Pick<Emulators, 'entra'> {
  /** Every line that the broker has printed. */
  readonly lines: readonly string[]
  /** The structured log lines of one event. */
  readonly logged: (event: string) => readonly Record<string, unknown>[]
  readonly ask: (credentials: Credentials) => Promise<DemoAnswer>
  /** Makes a connection. @returns the answer's fields. */
  readonly makeConnection: (name: string, wish: object) => Promise<Readonly<Record<string, string>>>
  /** Ends the broker's process and starts another. */
  readonly restartBroker: () => Promise<void>
  /** Puts it into a row of the table of tokens: as text, and as bytes. */
  readonly plantInTable: (canary: string) => Promise<void>
  /** Every file in which the table's bytes are. Complete only after `close`. */
  readonly tableFiles: () => Promise<readonly Buffer[]>
  readonly close: () => Promise<void>
}

const requestLimitInMs = 25_000

function parsedLine(line: string): readonly Record<string, unknown>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>]
  } catch {
    return []
  }
}

/** @param settings app settings of the broker. */
export async function startDemoWorld(options: {
  readonly folder: string
  readonly settings: Readonly<Record<string, string>>
}): Promise<DemoWorld> {
  const { folder, settings } = options
  const emulators = await startEmulators({ folder, portBase: 0 })
  const { entra, azurite, tls } = emulators
  setDefaultCACertificates([...getCACertificates('default'), tls.caCertificatePem])
  const lines: string[] = []
  const startBroker = (): Promise<BrokerProcess> =>
    startBrokerProcess({
      port: 0,
      environment: { ...emulators.environment, ...settings },
      onLine: (line) => void lines.push(line),
    })
  let broker = await startBroker().catch(async (error: unknown) => {
    await emulators.close()
    throw error
  })

  async function ask(credentials: Credentials): Promise<DemoAnswer> {
    const callsBefore = entra.calls.length
    const startTime = performance.now()
    const response = await fetch(`${broker.url}/requesttoken`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(credentials),
      signal: AbortSignal.timeout(requestLimitInMs),
    })
    const body = (await response.json()) as Record<string, string | undefined>
    const correlationId = body['correlation_id'] ?? ''
    return {
      status: response.status,
      action: body['action'],
      error: body['error'],
      token: body['accesstoken'],
      expiresOnTimestamp: Number(body['expires_on']) * 1000,
      correlationId,
      durationInMs: performance.now() - startTime,
      calls: entra.calls
        .slice(callsBefore)
        .filter((call) => call.grantType === 'password' || call.correlationId === correlationId),
    }
  }

  return {
    entra,
    lines,
    logged: (event) => lines.flatMap(parsedLine).filter((fields) => fields['event'] === event),
    ask,
    makeConnection: async (name, wish) => {
      const response = await fetch(`${broker.url}/connections/${name}`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(wish),
      })
      return (await response.json()) as Readonly<Record<string, string>>
    },
    restartBroker: async () => {
      await broker.close()
      broker = await startBroker()
    },
    plantInTable: async (canary) => {
      Object.assign(process.env, emulators.environment)
      const table = new TableClient(
        azurite.tableServiceUrl,
        tableNames.tokenCache,
        new ManagedIdentityCredential(),
      )
      await table.createEntity({
        partitionKey: 'canary',
        rowKey: 'canary',
        text: canary,
        bytes: Buffer.from(`.${canary}.`),
        wideBytes: Buffer.from(canary, 'utf16le'),
      })
    },
    tableFiles: async () => {
      const entries = await readdir(join(folder, 'azurite'), { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile())
      return Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name))))
    },
    close: async () => {
      await broker.close()
      await emulators.close()
    },
  }
}
