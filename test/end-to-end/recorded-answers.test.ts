import { readFile, writeFile } from 'node:fs/promises'
import { TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { PASSWORD, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

/**
 * What callers with passwords got, and what the log said of it, at 35d34a7: the last commit before there were connections. This
 * same file wrote it there, run with `RECORD_ANSWERS=1`; what it records anywhere else proves nothing.
 */
const FIXTURE = new URL('recorded-answers.json', import.meta.url)

interface Recorded {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly log: readonly string[]
}

/** What is another one each time, as what it is. */
const PLACEHOLDERS: readonly (readonly [pattern: RegExp, placeholder: string])[] = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/"userHash":"[\w-]{43}"/g, '"userHash":"<hash>"'],
  [/"caller":"[\w-]{16}"/g, '"caller":"<hash>"'],
]
const withPlaceholders = (text: string) =>
  PLACEHOLDERS.reduce((left, [pattern, placeholder]) => left.replaceAll(pattern, placeholder), text)

const WRONG = { password: 'Wrong-Password-1' }

async function play(broker: TestBroker): Promise<Record<string, Recorded>> {
  const clock = stopClock()
  const recorded: Record<string, Recorded> = {}
  const send = async (what: string, path: string, init: RequestInit): Promise<void> => {
    broker.logs.length = 0
    const { status, headers, text } = await broker.call(path, init)
    const shown = [...headers].filter(([name]) => name !== 'date')
    recorded[what] = {
      status,
      headers: Object.fromEntries(shown.map(([name, value]) => [name, withPlaceholders(value)])),
      body: withPlaceholders(text),
      log: broker.logs.map(withPlaceholders),
    }
  }
  const json = (what: string, fields: object, headers: Record<string, string> = {}) =>
    send(what, '/requesttoken', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-functions-key': 'a-function-key', ...headers },
      body: JSON.stringify({ username: USERNAME, password: PASSWORD, ...fields }),
    })
  const raw = (what: string, init: RequestInit) => send(what, '/requesttoken', { method: 'POST', ...init })
  const form = (what: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    send(what, '/oauth2/token', {
      method: 'POST',
      headers,
      body: new URLSearchParams({
        grant_type: 'password',
        username: USERNAME,
        password: PASSWORD,
        ...fields,
      }),
    })

  for (const username of ['etb_svc@contoso.example', 'guess@contoso.example', 'other@contoso.example']) {
    broker.entra.setUser({ username, password: PASSWORD })
  }
  await json('a first request', {})
  await json('a second one', {})
  await json('another case of the user name', { username: USERNAME.toUpperCase() })
  await json('the usual client by its name', { client: 'default' })
  await json('an empty client', { client: '' })
  await json('an unknown client', { client: 'no-such' })
  await json('more life than a token has', { min_valid_seconds: 3000 })
  await json('an unknown field', { scope: 'x' })
  await json('an account whose name begins as a secret does', { username: 'etb_svc@contoso.example' })
  await json('a wrong password', { username: 'guess@contoso.example', ...WRONG })
  await json('the same wrong password', { username: 'guess@contoso.example', ...WRONG })
  await json('an unknown user', { username: 'nobody@contoso.example' })
  await json('a password with a blank at its end', { password: `${PASSWORD} ` })
  await json('an empty password', { password: '' })
  await raw('no body', {})
  await raw('another method', { method: 'GET' })
  await raw('another type of content', { headers: { 'content-type': 'text/plain' }, body: 'text' })
  await raw('no JSON', { headers: { 'content-type': 'application/json' }, body: '{"username": ' })
  await raw('a body of 9 KiB', {
    headers: { 'content-type': 'application/json' },
    body: `"${'x'.repeat(9000)}"`,
  })
  const basic = Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')
  await raw('basic credentials', { headers: { authorization: `Basic ${basic}` } })
  const refused = async (...codes: number[]): Promise<void> => {
    for (const code of codes) {
      broker.entra.failWith = code
      await json(`AADSTS${code}`, { username: `refused-${code}@contoso.example` })
    }
    broker.entra.failWith = undefined
  }
  await refused(50076, 53003, 50057, 50055, 65001, 50053)
  await form('OAuth', {})
  await form('OAuth, a client by its scope', { scope: 'default' })
  await form('OAuth, an unknown client', { client_id: 'no-such' })
  await form('OAuth, a wrong password', { username: 'other@contoso.example', ...WRONG })
  await form('OAuth, another grant', { grant_type: 'client_credentials' })
  await form('OAuth, no user name', { username: '' })
  await send('OAuth, a parameter twice', '/oauth2/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=password&username=a&username=b&password=c',
  })
  await send('OAuth, another method', '/oauth2/token', { method: 'GET' })
  // Holds the whole profile back.
  await refused(7000215)
  clock.advance(900)
  await broker.restart()
  await json('after a restart', {})
  clock.advance(2200)
  await json('near the end of the token', {})
  await form('OAuth, after that', {})
  clock.advance(3600)
  broker.entra.fault = { kind: 'reset' }
  await json('while Entra ID cannot be reached', {})
  broker.entra.fault = undefined
  clock.advance(60)
  await json('when it can again', {})
  return recorded
}

describe.each([
  ['with the table of connections', false],
  ['without it', true],
])('%s, to a profile without grants', (_, isWithout) => {
  let broker: TestBroker
  beforeAll(async () => {
    broker = await startBroker()
    if (!isWithout) return
    const { tableServiceUrl } = broker.azurite
    await new TableClient(tableServiceUrl, 'connections', new ManagedIdentityCredential()).deleteTable()
  })
  afterAll(() => broker.close())

  test('every answer and every line of the log is as it was before there were connections', async () => {
    const answers = await play(broker)
    if (process.env['RECORD_ANSWERS']) await writeFile(FIXTURE, `${JSON.stringify(answers, null, 2)}\n`)
    expect(answers).toEqual(JSON.parse(await readFile(FIXTURE, 'utf8')))
    expect(Object.keys(answers)).toHaveLength(40)
  })
})
