import { fork, type ChildProcess } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endChildProcess, minimalEnvironment } from '../process/child-process.ts'
import { PortError, type PortErrorCode } from '../server/port-error.ts'

/** An Azure Storage account, `devstoreaccount1`, on this machine. */
export interface Azurite {
  /** For `new TableClient(tableServiceUrl, …)`. The account is in the path: with another path the client asks for Cosmos DB tokens. */
  readonly tableServiceUrl: string
  readonly queueServiceUrl: string
  readonly blobServiceUrl: string
  readonly pid: number
  /** Resolves when the process is gone and, with a folder, everything is on disk. */
  readonly close: () => Promise<void>
}

const services = ['Blob', 'Queue', 'Table'] as const
type Service = (typeof services)[number]

const startLimitInMs = 30_000

/** Resolves with each service's address once Azurite has printed all three. */
function addressesOf(child: ChildProcess): Promise<Record<Service, string>> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const stopWatching = (): void => {
      clearTimeout(timer)
      child.off('exit', onExit).off('error', reject)
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', read).resume()
    }
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      stopWatching()
      const [, portCode, port] = /(EADDRINUSE|EACCES).*?:(\d+)/.exec(printed) ?? []
      reject(
        portCode
          ? new PortError(Number(port), portCode as PortErrorCode)
          : new Error(`Azurite ended (${code ?? signal}): ${printed}`),
      )
    }
    const read = (chunk: Buffer): void => {
      printed += chunk.toString()
      const [Blob, Queue, Table] = services.map(
        (service) => new RegExp(`${service} service is successfully listening at (\\S+)`).exec(printed)?.[1],
      )
      if (!Blob || !Queue || !Table) return
      stopWatching()
      resolve({ Blob, Queue, Table })
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), startLimitInMs)
    child.once('error', reject).once('exit', onExit)
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', read)
  })
}

/**
 * Starts Azurite's three services on 127.0.0.1: over HTTPS, accepting bearer tokens, with `tls`; over HTTP, accepting the
 * well-known account key, without. In memory without a `folder`. Takes about half a second.
 *
 * @throws {PortError}
 */
export async function startAzurite(
  options: {
    readonly folder?: string | undefined
    readonly tls?: { readonly serverKeyFile: string; readonly serverCertificateFile: string } | undefined
    /** Default 0 for each: a free one. */
    readonly ports?: { readonly blob: number; readonly queue: number; readonly table: number } | undefined
  } = {},
): Promise<Azurite> {
  const { tls, ports = { blob: 0, queue: 0, table: 0 } } = options
  // Azurite takes a relative path from its own working directory.
  const folder = options.folder && resolve(options.folder)
  if (folder) await mkdir(folder, { recursive: true, mode: 0o700 })
  const flags = ['--silent', '--skipApiVersionCheck', '--disableTelemetry']
  flags.push('--blobPort', `${ports.blob}`, '--queuePort', `${ports.queue}`, '--tablePort', `${ports.table}`)
  if (folder) flags.push('--location', folder)
  else flags.push('--inMemoryPersistence')
  if (tls) flags.push('--oauth', 'basic', '--key', tls.serverKeyFile, '--cert', tls.serverCertificateFile)
  const child = fork(fileURLToPath(new URL('./azurite-process.ts', import.meta.url)), flags, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In a process group of its own: Ctrl-C must end the broker first, and Azurite after it.
    detached: true,
    execArgv: [],
    cwd: folder ?? tmpdir(),
    env: minimalEnvironment(process.env),
  })
  const { Blob, Queue, Table } = await addressesOf(child)
  return {
    blobServiceUrl: `${Blob}/devstoreaccount1`,
    queueServiceUrl: `${Queue}/devstoreaccount1`,
    tableServiceUrl: `${Table}/devstoreaccount1`,
    pid: child.pid ?? 0,
    close: () => endChildProcess(child),
  }
}
