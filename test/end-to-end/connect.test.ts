import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { startBroker, type Answer, type TestBroker } from '../support/broker.ts'
import { stopClock } from '../support/clock.ts'

const clock = stopClock()
const PUBLIC_URL = 'https://broker.contoso.example'
const CLIENT_ID = 'c0ae7ed0-5b1e-4c1f-9d39-0b7a5c1de0aa'
const RESOURCE = 'https://contoso.crm.dynamics.com'
const PASSWORD = 'Person-Password-1'
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker(() => ({ PUBLIC_URL }))
})
afterAll(() => broker.close())

let runs = 0
let name: string
/** The account that is to sign in, with a second factor. */
let person: string
beforeEach(async () => {
  clock.advance(7200)
  await broker.reset()
  name = `person-${++runs}`
  person = `${name}@contoso.example`
  broker.entra.setApplication({
    clientId: CLIENT_ID,
    publicClientFlows: false,
    clientSecret: 'a-client-secret',
    redirectUris: [`${PUBLIC_URL}/connect/callback`],
  })
  profile({})
  broker.entra.setUser(
    { username: person, password: PASSWORD, secondFactor: '123456' },
    { username: `other-${person}`, password: PASSWORD },
  )
})

const profile = (fields: object) =>
  broker.keyVault.setSecret(
    `client-${name}`,
    JSON.stringify({
      authority: broker.entra.authority(),
      clientId: CLIENT_ID,
      resource: RESOURCE,
      clientSecret: 'a-client-secret',
      grants: ['authorization_code'],
      ...fields,
    }),
  )
const administer = (method: string, path: string, body?: unknown) =>
  broker.call(`/connections${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
async function make(fields: object = {}): Promise<{ secret: string; path: string }> {
  const body = {
    client: name,
    grant: 'authorization_code',
    username: person,
    owner: 'the CRM team',
    ...fields,
  }
  const { json } = await administer('PUT', `/${name}`, body)
  return { secret: String(json['secret']), path: String(json['connect_url']).replace(PUBLIC_URL, '') }
}
const ask = (secret: string) => broker.requestToken({ username: name, password: secret })
const grants = () => broker.entra.calls.map(({ grantType }) => grantType)
const stateOf = async () => (await administer('GET', `/${name}`)).json

/** As a browser sends a form of the page itself. */
const OWN_FORM = { origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' }

const cookieOf = ({ headers }: Answer) => headers.getSetCookie()[0]?.split(';')[0] ?? ''
const unescaped = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

async function begin(path: string): Promise<{ cookie: string; url: string }> {
  const answer = await broker.call(path, { method: 'POST', headers: OWN_FORM })
  expect(answer.status).toBe(200)
  const [, href = ''] = /<a class="go" href="([^"]+)"/.exec(answer.text) ?? []
  return { cookie: cookieOf(answer), url: unescaped(href) }
}

/** What a person does at Entra ID. @returns the fields that the browser is made to post back. */
async function signIn(url: string, fields: Record<string, string> = {}): Promise<Record<string, string>> {
  const shown = await fetch(url)
  expect(shown.status).toBe(200)
  const form = { username: person, password: PASSWORD, code: '123456', action: 'accept', ...fields }
  const html = await (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).text()
  expect(html).toContain(`action="${PUBLIC_URL}/connect/callback"`)
  const inputs = [...html.matchAll(/name="(\w+)" value="([^"]*)"/g)]
  return Object.fromEntries(inputs.map(([, field = '', value = '']) => [field, unescaped(value)]))
}

const comeBack = (cookie: string, fields: Record<string, string>) =>
  broker.call('/connect/callback', {
    method: 'POST',
    headers: {
      ...(cookie && { cookie }),
      origin: 'https://login.microsoftonline.com',
      'sec-fetch-site': 'cross-site',
    },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })

/** The whole way. @returns where the person ends up. */
async function connect(path: string, fields: Record<string, string> = {}): Promise<string | null> {
  const { cookie, url } = await begin(path)
  const { headers } = await comeBack(cookie, await signIn(url, fields))
  return headers.get('location')
}

describe('a person with a second factor', () => {
  test('is refused by password, signs in once, and the flow gets tokens for the secret', async () => {
    const byPassword = await broker.requestToken({ username: person, password: PASSWORD, client: name })
    expect([byPassword.status, byPassword.json['aadsts']]).toEqual([403, 50076])
    const { secret, path } = await make()
    expect(await stateOf()).toMatchObject({
      state: 'pending',
      connect_url: `${PUBLIC_URL}${path}`,
      redirect_uri: `${PUBLIC_URL}/connect/callback`,
    })
    const pending = await ask(secret)
    expect([pending.status, pending.json['error']]).toEqual([403, 'interaction_required'])
    expect(pending.json['remedy']).toBe(
      `Connect it by signing in (the CRM team, ${person}): at ${PUBLIC_URL}${path}. The secret in the flow stays the same.`,
    )
    broker.entra.calls.length = 0
    expect(await connect(path)).toBe(`${path}/connected`)
    expect(grants()).toEqual(['authorization_code', 'refresh_token'])
    const page = await broker.call(`${path}/connected`)
    expect(page.text).toContain('Connected. The flow that sends this connection’s secret gets tokens now.')
    const { status, json } = await ask(secret)
    expect([status, json['action']]).toEqual([200, 'returned existing token'])
    expect(await broker.entra.verifyAccessToken(String(json['accesstoken']))).toMatchObject({
      upn: person,
      aud: RESOURCE,
    })
    expect(grants()).toEqual(['authorization_code', 'refresh_token'])
    expect(broker.logged('connection_sign_in')).toMatchObject([{ connection: name, outcome: 'connected' }])
  })

  test('is served after a restart, a week unused, half a year of weekly renewals and an hour without Entra ID', async () => {
    const { secret, path } = await make()
    await connect(path)
    await broker.restart()
    expect((await ask(secret)).json['action']).toBe('returned existing token')
    broker.entra.calls.length = 0
    for (let week = 0; week < 8; week++) {
      clock.advance(7 * 86_400)
      await broker.runTimer()
    }
    expect(grants().filter((grant) => grant === 'refresh_token').length).toBeGreaterThanOrEqual(7)
    const startAgain = await broker.stopEntra()
    clock.advance(3700)
    expect((await ask(secret)).status).toBe(503)
    await startAgain()
    clock.advance(60)
    const { status, json } = await ask(secret)
    expect([status, json['action']]).toEqual([200, 'refreshed existing token'])
    await administer('DELETE', `/${name}`)
  })

  test('whose grant is revoked: 403 with the link, asked once a day, and the same secret after a reconnect', async () => {
    const { secret, path } = await make()
    await connect(path)
    broker.entra.revokeRefreshTokens(person)
    clock.advance(3300)
    broker.entra.calls.length = 0
    const dead = await ask(secret)
    expect([dead.status, dead.json['error'], dead.json['aadsts']]).toEqual([
      403,
      'interaction_required',
      50173,
    ])
    expect(dead.json['remedy']).toContain(`${PUBLIC_URL}${path}`)
    for (let n = 0; n < 5; n++) expect((await ask(secret)).status).toBe(403)
    await broker.runTimer()
    expect(grants()).toEqual(['refresh_token'])
    expect(await stateOf()).toMatchObject({
      state: 'reconnect_required',
      last_failure: { aadsts: 50173, age_in_days: 0, on: new Date().toISOString() },
    })
    clock.advance(86_400)
    expect((await ask(secret)).status).toBe(403)
    expect(grants()).toEqual(['refresh_token', 'refresh_token'])
    expect((await broker.call(path)).text).toContain('sign in again')
    expect(await connect(path)).toBe(`${path}/connected`)
    expect((await ask(secret)).status).toBe(200)
    expect(await stateOf()).toMatchObject({ state: 'connected', last_failure: null })
    await administer('DELETE', `/${name}`)
  })

  test('a changed scope costs nobody a click', async () => {
    const { secret, path } = await make()
    await connect(path)
    profile({ resource: 'https://graph.microsoft.com' })
    await broker.restart()
    const { json } = await ask(secret)
    expect(json['action']).toBe('refreshed existing token')
    expect(await broker.entra.verifyAccessToken(String(json['accesstoken']))).toMatchObject({
      aud: 'https://graph.microsoft.com',
    })
  })

  test('a token of the scopes of before is never served, however long it would live', async () => {
    broker.entra.accessTokenLifetimeInSeconds = 86_400
    const { secret, path } = await make()
    await connect(path)
    broker.entra.accessTokenLifetimeInSeconds = 3599
    profile({ resource: 'https://graph.microsoft.com' })
    for (const action of ['refreshed existing token', 'returned existing token']) {
      await broker.restart()
      const { json } = await ask(secret)
      expect(json['action']).toBe(action)
      expect(await broker.entra.verifyAccessToken(String(json['accesstoken']))).toMatchObject({
        aud: 'https://graph.microsoft.com',
      })
    }
  })

  test('another client means signing in again', async () => {
    const { secret, path } = await make()
    await connect(path)
    const clientId = 'c0ae7ed0-5b1e-4c1f-9d39-000000000000'
    broker.entra.setApplication({ clientId, publicClientFlows: false, clientSecret: 'a-client-secret' })
    profile({ clientId })
    await broker.restart()
    broker.entra.calls.length = 0
    const { status, json } = await ask(secret)
    expect([status, json['error']]).toEqual([403, 'interaction_required'])
    expect(grants()).toEqual([])
  })

  test('of a public client does the same without a credential', async () => {
    const clientId = 'c0ae7ed0-5b1e-4c1f-9d39-111111111111'
    broker.entra.setApplication({
      clientId,
      publicClientFlows: true,
      redirectUris: [`${PUBLIC_URL}/connect/callback`],
    })
    profile({ clientId, clientSecret: undefined })
    const { secret, path } = await make()
    expect(await connect(path)).toBe(`${path}/connected`)
    expect((await ask(secret)).status).toBe(200)
  })
})

describe('another account', () => {
  test('at the first sign-in connects nothing', async () => {
    const { secret, path } = await make()
    expect(await connect(path, { username: `other-${person}` })).toBe(`${path}/wrong_account`)
    expect((await broker.call(`${path}/wrong_account`)).text).toContain('Somebody else signed in')
    expect((await ask(secret)).status).toBe(403)
    expect(await stateOf()).toMatchObject({ state: 'pending' })
  })

  test('at a reconnect leaves the old tokens working, even under the name of the first', async () => {
    const { secret, path } = await make()
    await connect(path)
    const before = (await ask(secret)).json['accesstoken']
    expect(await connect(path, { username: `other-${person}` })).toBe(`${path}/wrong_account`)
    broker.entra.setUser({
      username: person,
      password: PASSWORD,
      secondFactor: '123456',
      objectId: 'bead0b1e-0000-4000-8000-000000000000',
    })
    expect(await connect(path)).toBe(`${path}/wrong_account`)
    await broker.restart()
    expect((await ask(secret)).json['accesstoken']).toBe(before)
  })
})

describe('what comes back', () => {
  test('a cancelled sign-in changes nothing', async () => {
    const { path } = await make()
    const { cookie, url } = await begin(path)
    const back = await comeBack(cookie, await signIn(url, { action: 'cancel' }))
    expect([back.status, back.headers.get('location')]).toEqual([303, `${path}/refused-65004`])
    expect((await broker.call(`${path}/refused-65004`)).text).toContain('AADSTS65004')
    expect(grants()).toEqual([])
  })

  test.each([
    ['without the cookie', (): Change => ({ cookie: '' })],
    [
      'with another browser’s cookie',
      async (path: string): Promise<Change> => ({ cookie: (await begin(path)).cookie }),
    ],
    ['with a foreign state', (): Change => ({ fields: { state: 'a foreign state' } })],
    ['without a state', (): Change => ({ fields: { state: '' } })],
    ['with a cookie that somebody made up', (): Change => ({ cookie: '__Host-connect=AAAA' })],
    [
      'with a cookie of two values',
      (_: string, cookie: string): Change => ({ cookie: `${cookie}; ${cookie}` }),
    ],
    ['after a quarter of an hour', (): Change => (clock.advance(900), {})],
  ])('%s: nothing is redeemed', async (_, changeOf) => {
    const { path } = await make()
    const { cookie, url } = await begin(path)
    const fields = await signIn(url)
    const change = await changeOf(path, cookie)
    const back = await comeBack(change.cookie ?? cookie, { ...fields, ...change.fields })
    expect(back.status).toBe(400)
    expect(back.text).toContain('took too long, was used before, or began in another browser')
    expect(back.headers.getSetCookie()[0]).toContain('Max-Age=0')
    expect(grants()).toEqual([])
    expect(await stateOf()).toMatchObject({ state: 'pending' })
  })

  test('one second before the quarter of an hour is up, it counts', async () => {
    const { path } = await make()
    const { cookie, url } = await begin(path)
    clock.advance(899)
    const fields = await signIn(url)
    expect((await comeBack(cookie, fields)).headers.get('location')).toBe(`${path}/connected`)
  })

  test('a second time the same answer is refused, and what is connected stays', async () => {
    const { secret, path } = await make()
    const { cookie, url } = await begin(path)
    const fields = await signIn(url)
    await comeBack(cookie, fields)
    expect((await comeBack(cookie, fields)).headers.get('location')).toBe(`${path}/refused-54005`)
    expect((await ask(secret)).status).toBe(200)
  })

  test('the code of another sign-in, put into this one, does not fit its verifier', async () => {
    const { path } = await make()
    const [mine, stolen] = [await begin(path), await begin(path)]
    const own = await signIn(mine.url)
    const foreign = await signIn(stolen.url)
    const back = await comeBack(mine.cookie, { ...own, code: foreign['code'] ?? '' })
    expect(back.headers.get('location')).toBe(`${path}/refused-501481`)
    expect(await stateOf()).toMatchObject({ state: 'pending' })
  })

  test('an answer to an authority that the profile has left is none', async () => {
    const { path } = await make()
    const { cookie, url } = await begin(path)
    const fields = await signIn(url)
    const tenantId = '11111111-0000-4000-8000-2d7cd011db47'
    broker.entra.setApplication({ clientId: 'elsewhere', tenantId, publicClientFlows: true })
    profile({ authority: broker.entra.authority(tenantId) })
    await broker.restart()
    expect((await comeBack(cookie, fields)).headers.get('location')).toBe(`${path}/expired`)
    expect(grants()).toEqual([])
  })

  test('when Entra ID does not answer, says so, and stores nothing', async () => {
    const { path } = await make()
    const { cookie, url } = await begin(path)
    const fields = await signIn(url)
    const startAgain = await broker.stopEntra()
    expect((await comeBack(cookie, fields)).headers.get('location')).toBe(`${path}/unavailable`)
    await startAgain()
    expect(await stateOf()).toMatchObject({ state: 'pending' })
  })

  test('a refresh token that a policy refuses is found out at once, and the old tokens stay', async () => {
    const { secret, path } = await make()
    await connect(path)
    const { cookie, url } = await begin(path)
    const fields = await signIn(url)
    const before = (await ask(secret)).json['accesstoken']
    let redeemed = 0
    broker.entra.onIssued = () => {
      if (++redeemed === 1) broker.entra.failWith = 53003
    }
    expect((await comeBack(cookie, fields)).headers.get('location')).toBe(`${path}/refused-53003`)
    broker.entra.onIssued = undefined
    broker.entra.failWith = undefined
    expect((await ask(secret)).json['accesstoken']).toBe(before)
  })
})

interface Change {
  readonly cookie?: string
  readonly fields?: Record<string, string>
}

describe('the page', () => {
  test('shows what there is to know, in no frame and with no script, and changes nothing', async () => {
    const { path } = await make()
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status, headers, text } = await broker.call(path, { method })
      expect(status).toBe(200)
      expect(headers.getSetCookie()).toEqual([])
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      )
      expect([headers.get('referrer-policy'), headers.get('cache-control')]).toEqual([
        'same-origin',
        'no-store',
      ])
      if (method === 'HEAD') continue
      for (const shown of [name, person, CLIENT_ID, `${RESOURCE}/.default`, 'the CRM team', 'acts as you']) {
        expect(text).toContain(shown)
      }
      expect(text).not.toContain('<script')
    }
    expect(await stateOf()).toMatchObject({ state: 'pending' })
    expect(broker.entra.calls).toEqual([])
  })

  test('prints nothing of an address or an answer, and escapes what an administrator wrote', async () => {
    const { path } = await make({ owner: '<b>"team" & \'co\'</b>' })
    const { text } = await broker.call(`${path}?error_description=injected&owner=injected`)
    expect(text).not.toContain('injected')
    expect(text).toContain('&lt;b&gt;&quot;team&quot; &amp; &#39;co&#39;&lt;/b&gt;')
    for (const ending of ['injected', 'constructor', '__proto__', 'toString', 'refused-', 'refused-x']) {
      expect([ending, (await broker.call(`${path}/${ending}`)).status]).toEqual([ending, 404])
    }
    expect((await broker.call(`${path}/refused-999999`)).text).not.toContain('999999')
  })

  test('does not say connected before it is stored, whoever wrote the address', async () => {
    const { path } = await make()
    expect((await broker.call(`${path}/connected`)).text).not.toContain('Connected.')
  })

  test.each([
    ['GET', '/connect', 404],
    ['GET', '/connect/', 404],
    ['GET', '/connect/nothing', 404],
    ['GET', '/connect/AAAAAAAAAAAAAAAAAAAAAA', 404],
    ['GET', '/connect/AAAAAAAAAAAAAAAAAAAAAA/connected/more', 404],
    ['GET', '/connect/callback', 404],
    ['PUT', '/connect/AAAAAAAAAAAAAAAAAAAAAA', 404],
    ['DELETE', '/connect/AAAAAAAAAAAAAAAAAAAAAA', 404],
    ['POST', '/connect/AAAAAAAAAAAAAAAAAAAAAA', 403],
    ['OPTIONS', '/connect/callback', 404],
  ])('%s %s is %s', async (method, path, status) => {
    const answer = await broker.call(path, { method })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  test.each([
    ['of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['of another site, whose browser says no more', { origin: 'https://evil.example' }],
    ['of a sibling site', { origin: PUBLIC_URL, 'sec-fetch-site': 'same-site' }],
    ['of nobody', {}],
    ['of an opaque origin', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ])('begins no sign-in for a form %s', async (_, headers) => {
    const { path } = await make()
    const answer = await broker.call(path, { method: 'POST', headers })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
    expect(answer.text).not.toContain('authorize')
  })

  test('the attempt is in a cookie of this host alone, and leads to Entra ID with PKCE and a nonce', async () => {
    const { path } = await make()
    const answer = await broker.call(path, { method: 'POST', headers: OWN_FORM })
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Host-connect=[\w-]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=None$/,
    )
    expect(answer.text).toMatch(/href="https:[^"<>]*&amp;state=[^"<>]*"/)
    const { url } = await begin(path)
    const query = new URL(url).searchParams
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: CLIENT_ID,
      response_type: 'code',
      response_mode: 'form_post',
      redirect_uri: `${PUBLIC_URL}/connect/callback`,
      code_challenge_method: 'S256',
      prompt: 'select_account',
      nonce: expect.stringMatching(/.{16,}/),
      state: expect.stringMatching(/.{16,}/),
    })
    expect(query.get('scope')?.split(' ').toSorted()).toEqual(
      [`${RESOURCE}/.default`, 'offline_access', 'openid', 'profile'].toSorted(),
    )
  })

  test('of a connection that is gone, or whose profile does not allow it any more, is 404', async () => {
    const { path } = await make()
    const { cookie, url } = await begin(path)
    const fields = await signIn(url)
    await administer('DELETE', `/${name}`)
    expect((await broker.call(path)).status).toBe(404)
    expect((await comeBack(cookie, fields)).status).toBe(400)
    expect(grants()).toEqual([])
  })
})

test('without PUBLIC_URL no connection with a person is made', async () => {
  await broker.restart({ PUBLIC_URL: '' })
  const { status, json } = await administer('PUT', `/${name}`, {
    client: name,
    grant: 'authorization_code',
    username: person,
  })
  expect([status, json['remedy']]).toEqual([400, 'Set PUBLIC_URL, such as https://broker.contoso.com.'])
})

test('nothing secret is in the log, and no code, state or verifier', async () => {
  const { secret, path } = await make()
  const { cookie, url } = await begin(path)
  const fields = await signIn(url)
  await comeBack(cookie, fields)
  await ask(secret)
  const query = new URL(url).searchParams
  const secrets = [
    secret,
    PASSWORD,
    person,
    fields['code'],
    fields['state'],
    query.get('nonce'),
    cookie.slice(20, 60),
  ]
  for (const each of secrets) expect(broker.logs.join('\n')).not.toContain(String(each))
})
