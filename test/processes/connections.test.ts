import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { mfaUser } from '../../local/demo/demo-tenant.ts'
import { connectAs } from '../../local/demo/person.ts'
import { startProcesses, type BrokerChild, type Processes } from '../support/processes.ts'

/** The life of a token less the threshold. */
const UNTIL_DUE_IN_SECONDS = 3599 - 600

let processes: Processes
let brokers: BrokerChild[]
beforeAll(async () => {
  processes = await startProcesses({ settings: { STORAGE_TIMEOUT: '30', IDENTITY_PROVIDER_TIMEOUT: '60' } })
  brokers = await Promise.all([0, 1, 2, 3].map(() => processes.start()))
})
afterAll(() => processes.close())
beforeEach(() => {
  processes.entra.calls.length = 0
})

const grants = () => processes.entra.calls.map(({ grantType }) => grantType)

async function make(name: string, wish: object): Promise<Record<string, string>> {
  const [maker] = brokers
  const response = await fetch(`${maker?.url}/connections/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  })
  return (await response.json()) as Record<string, string>
}

/** All four at once. @returns the statuses, and how many different tokens there were. */
async function askAll(username: string, secret: string): Promise<[statuses: number[], tokens: number]> {
  const answers = await Promise.all(
    brokers.map((broker) => broker.requestToken({ username, password: secret })),
  )
  return [answers.map(({ status }) => status), new Set(answers.map(({ json }) => json['accesstoken'])).size]
}

test('four processes share a person’s sign-in: one refresh when it is due, and none dies with the one that made it', async () => {
  const wish = { grant: 'authorization_code', username: mfaUser.username }
  const { secret = '', connect_url: link = '' } = await make('shared-person', wish)
  expect(await connectAs(mfaUser, link)).toMatch(/\/connected$/)
  expect(grants()).toEqual(['authorization_code', 'refresh_token'])
  expect(await askAll('shared-person', secret)).toEqual([[200, 200, 200, 200], 1])
  await processes.advance(UNTIL_DUE_IN_SECONDS)
  processes.entra.calls.length = 0
  expect(await askAll('shared-person', secret)).toEqual([[200, 200, 200, 200], 1])
  expect(grants()).toEqual(['refresh_token'])
  const [maker, ...others] = brokers
  await maker?.kill()
  brokers = [...others, await processes.start()]
  expect(await askAll('shared-person', secret)).toEqual([[200, 200, 200, 200], 1])
  expect(grants()).toEqual(['refresh_token'])
})

test('four processes share an application’s token: one is asked for when it is due, by the timer first', async () => {
  const wish = { client: 'confidential', grant: 'client_credentials' }
  const { secret = '' } = await make('shared-app', wish)
  expect(await askAll('shared-app', secret)).toEqual([[200, 200, 200, 200], 1])
  await processes.advance(UNTIL_DUE_IN_SECONDS - 30)
  processes.entra.calls.length = 0
  await Promise.all(brokers.map((broker) => broker.tick()))
  await processes.advance(300)
  expect(await askAll('shared-app', secret)).toEqual([[200, 200, 200, 200], 1])
  expect(grants().filter((grant) => grant === 'client_credentials')).toEqual(['client_credentials'])
})
