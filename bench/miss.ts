import { PublicClientApplication } from '@azure/msal-node'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { demoClientId, demoResource } from '../local/demo/demo-tenant.ts'
import { createPasswordVerifier } from '../src/crypto/password-verifier.ts'
import { startInstances, type Instances } from '../test/support/instances.ts'
import type { Row } from './benchmark.ts'
import { medianOf } from './median.ts'
import { timeInMs } from './time.ts'

export const about =
  'The first sign-in of a user whom nobody knows. Grants are counted at the Entra emulator, which answers at once, reads and writes between broker and Azurite: the guard reserves a place, the hint goes ahead, the entry is written, the place is cleared. In turns with the same calls and nothing else: a grant by MSAL, a hash, a read, four writes.'

const USERS = 40
const TABLE = 'bare'

export async function run(): Promise<readonly Row[]> {
  const instances = await startInstances()
  try {
    return await measure(instances)
  } finally {
    await instances.close()
  }
}

async function measure(instances: Instances): Promise<readonly Row[]> {
  const { entra, gateway } = instances
  const users = Array.from({ length: USERS }, (_, number) => ({
    username: `user${number}@contoso.example`,
    password: `Password-of-${number}`,
  }))
  entra.setUser(...users)
  const instance = instances.create()
  const bareWork = await createBareWork(instances)
  const [warmUp = { username: '', password: '' }, ...others] = users
  await instance.requestToken(warmUp)
  await bareWork(warmUp)

  const times: number[] = []
  const bare: number[] = []
  const most = { grants: 0, reads: 0, writes: 0 }
  for (const user of others) {
    for (const calls of [entra.calls, gateway.calls]) calls.length = 0
    times.push(
      await timeInMs(async () => {
        const { status } = await instance.requestToken(user)
        if (status !== 200) throw new Error(`a first sign-in was answered ${status}`)
      }),
    )
    const reads = gateway.calls.filter((call) => call.startsWith('GET ')).length
    most.grants = Math.max(most.grants, entra.calls.length)
    most.reads = Math.max(most.reads, reads)
    most.writes = Math.max(most.writes, gateway.calls.length - reads)
    bare.push(await timeInMs(() => bareWork(user)))
  }
  const countRow = (what: string, count: number, least: number, unit: string): Row => ({
    what: `Miss, ${what}`,
    figure: { value: count, unit },
    baseline: { value: least, unit, what: 'what the design allows' },
    goal: { bound: 'at most', ratio: 1, ifMissed: 'Something is asked for that the design does not know.' },
  })
  return [
    countRow('calls of Entra ID', most.grants, 1, 'grants'),
    countRow('reads', most.reads, 1, 'reads'),
    countRow('writes', most.writes, 4, 'writes'),
    {
      what: 'Miss, time',
      figure: { value: medianOf(times), unit: 'ms' },
      baseline: { value: medianOf(bare), unit: 'ms', what: 'the same calls, bare' },
    },
  ]
}

async function createBareWork({ entra, gateway }: Instances) {
  const authority = entra.authority()
  // As the broker does: no call for what is known.
  const discovery = await fetch(`${authority}/v2.0/.well-known/openid-configuration`)
  const authorityMetadata = await discovery.text()
  const table = new TableClient(gateway.url, TABLE, new ManagedIdentityCredential())
  await table.createTable()
  return async (user: { readonly username: string; readonly password: string }): Promise<void> => {
    const application = new PublicClientApplication({
      auth: {
        clientId: demoClientId,
        authority,
        authorityMetadata,
        knownAuthorities: [new URL(authority).host],
      },
    })
    const row = { partitionKey: user.username, rowKey: 'row' }
    await table.getEntity(row.partitionKey, row.rowKey).catch(() => {})
    for (let write = 0; write < 2; write++) await table.upsertEntity({ ...row, content: 'x'.repeat(200) })
    const scopes = [`${demoResource}/.default`]
    const result = await application.acquireTokenByUsernamePassword({ scopes, ...user })
    await createPasswordVerifier(user.password)
    await table.upsertEntity({ ...row, content: result?.accessToken ?? '' })
    await table.upsertEntity({ ...row, content: '' })
  }
}
