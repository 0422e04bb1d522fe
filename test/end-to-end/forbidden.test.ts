import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { startStorageGateway, type StorageGateway } from '../support/storage-gateway.ts'

/** A right that is missing does not come back by waiting: it must be seen by whoever runs the broker. */
const clock = stopClock()
let broker: TestBroker
let tables: StorageGateway
let queue: StorageGateway
beforeAll(async () => {
  broker = await startBroker(async ({ tls, azurite }) => {
    tables = await startStorageGateway(tls, azurite.tableServiceUrl)
    queue = await startStorageGateway(tls, azurite.queueServiceUrl)
    return { TABLE_SERVICE_URL: tables.url, DataStorage__queueServiceUri: queue.url }
  })
})
afterAll(async () => {
  await broker.close()
  await tables.close()
  await queue.close()
})
beforeEach(async () => {
  clock.advance(3600)
  await broker.restart()
  await broker.reset()
  tables.reset()
  queue.reset()
})

/** What `/ready` says, and the last line that it logged. */
const readiness = async () => {
  const { status, json } = await broker.call('/ready')
  return { status, problems: json['problems'], logged: broker.logged('not_ready').at(-1)?.['detail'] }
}

test.each([
  ['ForbiddenByRbac', 'RestError 403 Forbidden ForbiddenByRbac'],
  ['ForbiddenByFirewall', 'RestError 403 Forbidden ForbiddenByFirewall'],
])(
  'Key Vault answers 403 %s and no good version is known: 503, and /ready and the log name it',
  async (code, constants) => {
    const body = { error: { code: 'Forbidden', message: 'of user@contoso.com', innererror: { code } } }
    broker.keyVault.fault = { kind: 'status', status: 403, body }
    const { status, json } = await broker.requestToken()
    expect([status, json['error']]).toEqual([503, 'temporarily_unavailable'])
    expect(broker.logged('token_request').at(-1)?.['detail']).toMatch(
      new RegExp(`^Key Vault: secret [a-z-]+: ${constants}$`),
    )
    const { status: readyStatus, problems, logged } = await readiness()
    // Both keys are asked for at once, and one of them is refused first.
    expect([readyStatus, problems]).toEqual([
      503,
      [
        expect.stringMatching(
          `^key_vault: Key Vault: secret token-cache-(encryption|index)-key: ${constants}$`,
        ),
        `default_client: Key Vault: secret client-default: ${constants}`,
      ],
    ])
    expect(logged).toBe((problems as string[]).join('; '))
    expect(JSON.stringify([broker.logs, json])).not.toContain('user@contoso.com')
  },
)

test('Key Vault answers 403 and a good version is known: service goes on, and each tick and /ready name it', async () => {
  expect((await broker.requestToken()).status).toBe(200)
  clock.advance(301)
  const body = { error: { code: 'Forbidden', innererror: { code: 'ForbiddenByRbac' } } }
  broker.keyVault.fault = { kind: 'status', status: 403, body }
  const problemOf = (name: string) =>
    `Key Vault: secret ${name}: RestError 403 Forbidden ForbiddenByRbac; what was read before is used`
  await eventually(async () => {
    const { status, json } = await broker.call('/ready')
    clock.advance(16)
    return (
      status === 200 &&
      (json['problems'] as string[] | undefined)?.includes(problemOf('client-default')) === true
    )
  })
  await broker.runTimer()
  expect(broker.logged('configuration_problem').map(({ detail }) => detail)).toContain(
    problemOf('client-default'),
  )
  broker.keyVault.fault = undefined
  await eventually(async () => {
    clock.advance(31)
    return (await broker.call('/ready')).json['problems'] === undefined
  })
})

test.each([
  [403, 'AuthorizationPermissionMismatch'],
  [403, 'AuthorizationFailure'],
  [403, 'AuthenticationFailed'],
  [404, 'TableNotFound'],
  [409, 'TableBeingDeleted'],
])(
  'the tables answer %i %s: tokens come with a warning, and /ready and the log name it',
  async (status, code) => {
    const body = { 'odata.error': { code, message: { lang: 'en-US', value: 'of user@contoso.com' } } }
    tables.fault = { kind: 'status', status, body }
    const answer = await broker.requestToken()
    expect([
      answer.status,
      (answer.json['warnings'] as string[]).map((warning) => warning.split(':')[0]),
    ]).toEqual([200, ['token_store_unavailable', 'refusals_not_shared', 'token_not_stored']])
    expect(broker.logged('token_request').at(-1)?.['warnings']).toEqual([
      `token_store_unavailable (RestError ${status} ${code})`,
      'refusals_not_shared',
      `token_not_stored (RestError ${status} ${code})`,
    ])
    const problems = [`tables: RestError ${status} ${code}`]
    expect(await readiness()).toEqual({ status: 503, problems, logged: problems[0] })
    expect(JSON.stringify(broker.logs)).not.toContain('user@contoso.com')
  },
)

test('the queue answers 403: /ready names it', async () => {
  queue.fault = { kind: 'queue-error', status: 403, code: 'AuthorizationPermissionMismatch' }
  const problems = ['queue: RestError 403 AuthorizationPermissionMismatch']
  expect(await readiness()).toEqual({ status: 503, problems, logged: problems[0] })
})
