import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { createPasswordVerifier, matchesPassword } from '../src/crypto/password-verifier.ts'
import { tableNames } from '../src/storage-names.ts'
import { startInstances, type Instances } from '../test/support/instances.ts'
import type { Row } from './benchmark.ts'
import { medianOf } from './median.ts'
import { timeInMs } from './time.ts'

export const about =
  'An instance that knows its keys and profiles, but not the user, whom another instance has signed in: in turns with a bare point read of the same row plus the verification of one password. Reads and writes are counted between broker and Azurite. An instance that serves a token for the first time adds its hint anew, in case it was lost.'

const USERS = 60

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
  const first = instances.create()
  for (const user of users) await expectAction(first.requestToken(user), 'retrieved new token')

  const [warmUp, ...others] = users
  const second = instances.create()
  await expectAction(second.requestToken(warmUp ?? {}), 'returned existing token')

  const table = new TableClient(gateway.url, tableNames.tokenCache, new ManagedIdentityCredential())
  const rows: { readonly partitionKey?: string; readonly rowKey?: string }[] = []
  for await (const row of table.listEntities()) rows.push(row)
  const verifier = await createPasswordVerifier(users[0]?.password ?? '')
  const hits: number[] = []
  const bare: number[] = []
  const reads: number[] = []
  const writes: number[] = []
  for (const [number, user] of others.entries()) {
    gateway.calls.length = 0
    hits.push(await timeInMs(() => expectAction(second.requestToken(user), 'returned existing token')))
    reads.push(gateway.calls.filter((call) => call.startsWith('GET ')).length)
    writes.push(gateway.calls.length - (reads.at(-1) ?? 0))
    const { partitionKey = '', rowKey = '' } = rows[number] ?? {}
    bare.push(
      await timeInMs(async () => {
        await table.getEntity(partitionKey, rowKey)
        await matchesPassword(verifier, users[0]?.password ?? '')
      }),
    )
  }
  return [
    {
      what: 'Store hit, time',
      figure: { value: medianOf(hits), unit: 'ms' },
      baseline: { value: medianOf(bare), unit: 'ms', what: 'a point read and a password verification' },
      goal: { bound: 'at most', ratio: 1.15, ifMissed: 'What lies between is the opening of the entry.' },
    },
    {
      what: 'Store hit, reads',
      figure: { value: Math.max(...reads), unit: 'reads' },
      baseline: { value: 1, unit: 'reads', what: 'the point read' },
      goal: { bound: 'at most', ratio: 1, ifMissed: 'Something else is read on the way.' },
    },
    {
      what: 'Store hit, writes',
      figure: { value: Math.max(...writes), unit: 'writes' },
      baseline: { value: 1, unit: 'writes', what: 'the hint, once for each token and instance' },
    },
  ]
}

/** @throws when it is another one. */
async function expectAction(
  asked: Promise<{ readonly json: Readonly<Record<string, unknown>> }>,
  action: string,
): Promise<void> {
  const { json } = await asked
  if (json['action'] !== action) throw new Error(`${String(json['action'] ?? json['error'])}, not ${action}`)
}
