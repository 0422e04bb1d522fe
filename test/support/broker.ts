import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jest } from '@jest/globals'
import { startEmulators, type Emulators } from '../../local/emulators.ts'
import type { FunctionsHost } from '../../local/functions-host/functions-host.ts'
import '../../local/server/loopback-names.ts'
import { onTestFinished } from './on-test-finished.ts'
import { trust } from './trust.ts'

export const USERNAME = 'demo@contoso.example'
export const PASSWORD = 'Correct-Horse-Battery-1'
/** Of an access token, in seconds. */
export const LIFETIME = 3599

const SECRET_NAMES = ['token-cache-encryption-key', 'token-cache-index-key', 'client-default']

/** A busy machine must not look like an outage; only where nothing answers at all does a test cut waiting short. */
const PATIENT = { IDENTITY_PROVIDER_TIMEOUT: '20', STORAGE_TIMEOUT: '10', REQUEST_DEADLINE: '110' }

type AppSettings = Readonly<Record<string, string>>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, when it is JSON. */
  readonly json: Record<string, unknown>
}

export interface TestBroker extends Pick<Emulators, 'entra' | 'keyVault' | 'azurite' | 'tls'> {
  readonly url: string
  /** The settings that every start begins with. */
  readonly defaults: AppSettings
  /** Every line that the app logged. */
  readonly logs: string[]
  /** The parsed lines of one event. */
  logged(event: string): Record<string, unknown>[]
  call(path: string, init?: RequestInit): Promise<Answer>
  /** With the demo user's credentials, unless the fields say otherwise. */
  requestToken(fields?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>
  runTimer(): Promise<void>
  /** A new process, as far as the app can tell: all modules are loaded anew. The settings are added to the defaults, until the next restart. */
  restart(settings?: AppSettings): Promise<void>
  /**
   * For `beforeEach`: takes back faults, secrets and settings, and forgets calls and logs. What is cached stays, and so do users
   * and time.
   */
  reset(): Promise<void>
  /** Connections to the identity provider are refused until the end of the test, or until the returned function is called. */
  stopEntra(): Promise<() => Promise<void>>
  /** Every file of the emulators. */
  files(): Promise<{ name: string; bytes: Buffer }[]>
  close(): Promise<void>
}

/**
 * The whole broker, in this process: the app's registrations in the local Functions host, all emulators over TLS.
 *
 * @param settingsOf adds to the settings, or replaces some.
 */
export async function startBroker(
  settingsOf: (emulators: Emulators) => AppSettings | Promise<AppSettings> = () => ({}),
): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const emulators = await startEmulators({ folder, portBase: 0 })
  trust(emulators.tls)
  const { entra, keyVault, azurite } = emulators
  const logs: string[] = []
  const defaults = { ...emulators.environment, ...PATIENT, ...(await settingsOf(emulators)) }
  const secrets = SECRET_NAMES.map((name) => [name, keyVault.currentValue(name) ?? ''] as const)
  let overrides: AppSettings = {}
  let host: FunctionsHost

  async function start(settings: AppSettings): Promise<void> {
    for (const name of Object.keys(overrides)) delete process.env[name]
    overrides = settings
    const environment = { ...defaults, ...settings }
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

  async function restart(settings: AppSettings = {}): Promise<void> {
    await host.close()
    await start(settings)
  }

  async function call(path: string, init?: RequestInit): Promise<Answer> {
    const headers = new Headers(init?.headers)
    // A connection that is kept may be closed by the server in the moment when it is used again.
    headers.set('connection', 'close')
    const response = await fetch(`${host.url}${path}`, { ...init, headers })
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
    defaults,
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
    restart,
    async reset() {
      Object.assign(entra, { fault: undefined, failWith: undefined, accessTokenLifetimeInSeconds: LIFETIME })
      keyVault.fault = undefined
      for (const [name, value] of secrets) {
        if (keyVault.currentValue(name) !== value) keyVault.setSecret(name, value)
      }
      if (Object.keys(overrides).length > 0) await restart()
      for (const list of [entra.calls, keyVault.calls, logs]) list.length = 0
    },
    async stopEntra() {
      await entra.stop()
      let isStopped = true
      const startAgain = async () => {
        if (isStopped) await entra.start()
        isStopped = false
      }
      onTestFinished(startAgain)
      return startAgain
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
