import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmulators, type Emulators } from '../../local/emulators.ts'
import '../../local/server/loopback-names.ts'
import { compose } from '../../src/composition.ts'
import type { Clock } from '../../src/core/clock.ts'
import { createRequestTokenHandler } from '../../src/functions/requesttoken.ts'
import { readSettings } from '../../src/settings.ts'
import { post } from './http-requests.ts'
import { createInvocation } from './invocation.ts'
import { startStorageGateway, type StorageGateway } from './storage-gateway.ts'
import { trust } from './trust.ts'

/** A busy machine must not look like an outage. */
const PATIENT = { IDENTITY_PROVIDER_TIMEOUT: '20', STORAGE_TIMEOUT: '10', REQUEST_DEADLINE: '110' }

export interface InstanceAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** One composition with a memory of its own: what an instance of the function app is to the others. */
export interface Instance {
  requestToken(fields: Readonly<Record<string, unknown>>): Promise<InstanceAnswer>
  tick(): Promise<void>
}

/** Instances in this process that share the emulators. The table's gateway is theirs as well. */
export interface Instances extends Pick<Emulators, 'entra' | 'keyVault' | 'azurite'> {
  readonly gateway: StorageGateway
  /** @param clock of its own; the process's without one. */
  create(settings?: Readonly<Record<string, string>>, clock?: Partial<Clock>): Instance
  close(): Promise<void>
}

export async function startInstances(): Promise<Instances> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const emulators = await startEmulators({ folder, portBase: 0, isStorageInMemory: true })
  const { entra, keyVault, azurite, environment, tls } = emulators
  trust(tls)
  Object.assign(process.env, environment)
  const gateway = await startStorageGateway(tls, azurite.tableServiceUrl)
  return {
    entra,
    keyVault,
    azurite,
    gateway,
    create(settings, clock) {
      const composition = compose(
        readSettings({ ...environment, ...PATIENT, TABLE_SERVICE_URL: gateway.url, ...settings }),
        { now: () => Date.now(), elapsed: () => performance.now(), ...clock },
      )
      const handler = createRequestTokenHandler(() => composition.requestToken)
      return {
        async requestToken(fields) {
          const { context } = createInvocation('requesttoken')
          const { status, jsonBody } = (await handler(post(JSON.stringify(fields)), context)) as {
            status: number
            jsonBody: InstanceAnswer['json']
          }
          return { status, json: jsonBody }
        },
        async tick() {
          const { tick } = composition.refreshTokens
          await tick({ periodInMs: 60_000, timeLimitInMs: 240_000, correlationId: 'tick' })
        },
      }
    },
    async close() {
      await gateway.close()
      await emulators.close()
      await rm(folder, { recursive: true })
    },
  }
}
