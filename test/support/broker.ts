import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jest } from '@jest/globals'
import { startEmulators, type Emulators } from '../../local/emulators.ts'
import type { FunctionsHost } from '../../local/functions-host/functions-host.ts'
import '../../local/server/loopback-names.ts'
import { trust } from './trust.ts'

export const USERNAME = 'demo@contoso.example'
export const PASSWORD = 'Correct-Horse-Battery-1'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, when it is JSON. */
  readonly json: Record<string, unknown>
}

export interface TestBroker extends Pick<Emulators, 'entra' | 'keyVault' | 'azurite' | 'tls'> {
  readonly url: string
  /** The settings as the emulators need them. */
  readonly defaults: Readonly<Record<string, string>>
  /** Every line that the app logged. */
  readonly logs: string[]
  /** The parsed lines of one event. */
  logged(event: string): Record<string, unknown>[]
  call(path: string, init?: RequestInit): Promise<Answer>
  /** With the demo user's credentials, unless the fields say otherwise. */
  requestToken(fields?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>
  runTimer(): Promise<void>
  /** A new process, as far as the app can tell: all modules are loaded anew. The settings stay for later restarts. */
  restart(settings?: Record<string, string>): Promise<void>
  /** Every file of the emulators. */
  files(): Promise<{ name: string; bytes: Buffer }[]>
  close(): Promise<void>
}

/** The whole broker, in this process: the app's registrations in the local Functions host, all emulators over TLS. */
export async function startBroker(settings: Record<string, string> = {}): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const emulators = await startEmulators({ folder, portBase: 0 })
  trust(emulators.tls)
  const { entra, keyVault, azurite } = emulators
  const logs: string[] = []
  let host: FunctionsHost
  const environment: Record<string, string> = { ...emulators.environment, ...settings }

  async function start(overrides: Record<string, string>): Promise<void> {
    Object.assign(environment, overrides)
    Object.assign(process.env, environment)
    jest.resetModules()
    const { startFunctionsHost } = await import('../../local/functions-host/functions-host.ts')
    host = await startFunctionsHost({
      entry: () => import('../../src/index.ts'),
      environment,
      timers: false,
      onLog: (line) => void logs.push(line),
    })
  }
  await start({})

  async function call(path: string, init?: RequestInit): Promise<Answer> {
    const response = await fetch(`${host.url}${path}`, init)
    const text = await response.text()
    const isJson = text !== '' && response.headers.get('content-type') === 'application/json'
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    }
  }

  return {
    entra,
    keyVault,
    azurite,
    tls: emulators.tls,
    defaults: emulators.environment,
    logs,
    get url() {
      return host.url
    },
    logged: (event) =>
      logs
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((fields) => fields['event'] === event),
    call,
    requestToken: (fields = {}, headers = {}) =>
      call('/requesttoken', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ username: USERNAME, password: PASSWORD, ...fields }),
      }),
    runTimer: () => host.invokeTimer('refreshtokens'),
    async restart(overrides = {}) {
      await host.close()
      await start(overrides)
    },
    async files() {
      const names = await readdir(folder, { recursive: true, withFileTypes: true })
      return Promise.all(
        names
          .filter((entry) => entry.isFile())
          .map(async (entry) => {
            const name = join(entry.parentPath, entry.name)
            return { name, bytes: await readFile(name) }
          }),
      )
    },
    async close() {
      await host.close()
      await emulators.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
