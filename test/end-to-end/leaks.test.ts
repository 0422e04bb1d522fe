import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createSecretSearch } from '../../local/demo/secret-search.ts'
import { startBroker, type Answer, type TestBroker } from '../support/broker.ts'

const USER = { username: 'leak.user@contoso.example', password: 'Leaked-Password-1' }
const WRONG = 'Leaked-Wrong-2'
const CLIENT_SECRET = 'Leaked~Client.Secret-3'
const KEYS = { function: 'leaked-function-key-4', admin: 'leaked-admin-key-5' }
/** What the SDKs log, which goes to stderr. */
const sdkLines: string[] = []
const write = process.stderr.write.bind(process.stderr)
let broker: TestBroker
beforeAll(async () => {
  process.stderr.write = (chunk: string | Uint8Array) => sdkLines.push(String(chunk)) > 0
  broker = await startBroker()
  broker.entra.setUser(USER)
})
afterAll(async () => {
  await broker.close()
  process.stderr.write = write
})

test("on every way that fails, neither a log, the SDKs' own at their most talkative, nor an answer holds a secret", async () => {
  const answers: Answer[] = []
  const issued: string[] = []
  broker.entra.onIssued = (tokens) => void issued.push(...tokens)
  // Before the start: the names of profiles are listed, and not again at once.
  const profile = JSON.parse(broker.keyVault.currentValue('client-default') ?? '{}') as object
  broker.keyVault.setSecret('client-leaky', JSON.stringify({ ...profile, clientSecret: CLIENT_SECRET }))
  broker.keyVault.setSecret('client-broken', `{"clientSecret": "${CLIENT_SECRET}", `)
  await broker.restart({ AZURE_LOG_LEVEL: 'verbose' })
  const ask = async (fields: object = {}, path = '/requesttoken') => {
    const answer = await broker.call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-functions-key': KEYS.function },
      body: JSON.stringify({ ...USER, ...fields }),
    })
    answers.push(answer)
    return answer.status
  }
  const operate = async (method: string, path: string) => {
    const headers = { 'content-type': 'application/json', 'x-functions-key': KEYS.admin }
    const body = method === 'POST' ? { body: JSON.stringify(USER) } : {}
    answers.push(await broker.call(path, { method, headers, ...body }))
  }

  const token = await broker.requestToken(USER)
  expect(token.status).toBe(200)
  expect(await ask({ password: WRONG })).toBe(401)
  expect(await ask({ password: ` ${WRONG}` })).toBe(400)
  expect(await ask({ client: USER.password })).toBe(400)
  expect(await ask({ min_valid_seconds: USER.password })).toBe(400)
  for (const [code, status] of [
    [50076, 403],
    [50057, 403],
    [50053, 423],
    [7000215, 500],
    [90002, 500],
  ] as const) {
    broker.entra.failWith = code
    expect(await ask({ username: `leak.${code}@contoso.example` })).toBe(status)
  }
  broker.entra.failWith = undefined
  for (const fault of [
    { kind: 'reset' },
    { kind: 'html', status: 404 },
    { kind: 'status', status: 503 },
  ] as const) {
    broker.entra.fault = fault
    expect(await ask({ username: `leak.${fault.kind}@contoso.example` })).toBeGreaterThanOrEqual(500)
  }
  broker.entra.fault = undefined
  const form = new URLSearchParams({
    grant_type: 'password',
    ...USER,
    password: WRONG,
    client_secret: CLIENT_SECRET,
  })
  answers.push(
    await broker.call('/oauth2/token', {
      method: 'POST',
      headers: { 'x-functions-key': KEYS.function },
      body: form,
    }),
  )
  await operate('GET', '/tokens')
  await operate('POST', '/tokens/find')
  await operate('DELETE', `/tokens/${USER.password}`)
  await operate('DELETE', '/tokens?client=')
  answers.push(await broker.call(`/requesttoken?code=${KEYS.function}`, { method: 'GET' }))
  await broker.runTimer()
  // A confidential profile whose secret Entra ID does not know, then one that cannot be read, then no vault at all.
  expect(await ask({ client: 'leaky' })).toBeGreaterThanOrEqual(200)
  expect(await ask({ client: 'broken' })).toBe(500)
  broker.keyVault.fault = { kind: 'status', status: 503 }
  expect(await ask({ client: 'unheard-of' })).toBeGreaterThanOrEqual(400)
  answers.push(await broker.call('/ready'))
  broker.keyVault.fault = undefined
  await broker.azurite.close()
  expect(await ask({ username: 'leak.tables@contoso.example' })).toBeGreaterThanOrEqual(200)
  answers.push(await broker.call('/ready'))
  await operate('GET', '/tokens')
  await broker.runTimer()

  const key = (name: string) => broker.keyVault.currentValue(name) ?? ''
  const search = createSecretSearch({
    'user name': ['leak.'],
    password: [USER.password, WRONG],
    'client secret': [CLIENT_SECRET],
    'function key': Object.values(KEYS),
    'sealing or index key': [key('token-cache-encryption-key'), key('token-cache-index-key')],
    token: issued,
  })
  // The SDKs did talk, and the search would find what they said.
  const talk = sdkLines.join('')
  expect(talk.length).toBeGreaterThan(50_000)
  expect(
    createSecretSearch({ address: [broker.defaults['KEY_VAULT_URL'] ?? ''] })(Buffer.from(talk)),
  ).not.toEqual([])
  expect(search(Buffer.from(talk))).toEqual([])
  expect(search(Buffer.from(broker.logs.join('\n')))).toEqual([])
  const failures = answers.filter(({ status }) => status !== 200)
  expect(failures.length).toBeGreaterThan(15)
  const told = failures.map(({ text, headers }) => `${text}\n${JSON.stringify([...headers])}`).join('\n')
  expect(search(Buffer.from(told))).toEqual([])
  expect(search(Buffer.from(token.text))).not.toEqual([])
})
