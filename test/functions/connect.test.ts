import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { describe, expect, test } from '@jest/globals'
import type { SignIns } from '../../src/core/connection/sign-ins.ts'
import { createConnectHandler } from '../../src/functions/connect.ts'
import { createInvocation } from '../support/invocation.ts'

const ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const PUBLIC_URL = 'https://broker.example'
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': expect.stringContaining("frame-ancestors 'none'"),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}
const ENDED = '__Host-connect=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=None'

const request = (method: string, rest: string, headers: Record<string, string> = {}, body = '') =>
  new HttpRequest({
    method,
    url: `https://broker.example/connect/${rest}`,
    params: { rest },
    headers,
    ...(body && { body: { bytes: Buffer.from(body) } }),
  })

const ofNobody = (): never => {
  throw new Error('nobody was to be asked')
}
const signIns: SignIns = {
  show: async () => ({
    view: {
      name: 'crm-sync',
      id: ID,
      state: 'pending',
      grant: 'authorization_code',
      client: 'crm',
      createdOnTimestamp: 0,
      failures: 0,
    },
    profile: { clientId: 'c', scopes: ['s'] },
  }),
  begin: async () => ({
    name: 'crm-sync',
    url: 'https://login.example/?a=1&state="x"',
    sealedAttempt: 'sealed',
  }),
  finish: async () => ({ id: ID, name: 'crm-sync', outcome: { kind: 'connected' } }),
}
const handler = createConnectHandler(() => ({ signIns, publicUrl: PUBLIC_URL }))
const answer = async (http: HttpRequest, ask = handler) => {
  const { context, lines } = createInvocation('connect')
  const { status, headers, body } = (await ask(http, context)) as HttpResponseInit
  return { status, headers, body, lines }
}

describe('what has no page', () => {
  test.each([
    ['GET', ''],
    ['GET', 'callback'],
    ['GET', 'AAAAAAAAAAAAAAAAAAAAA'],
    ['GET', `${ID}A`],
    ['GET', 'AAAAAAAAAAAAAAAAAAAAA%'],
    ['GET', `${ID}/`],
    ['GET', `${ID}/connected/more`],
    ['GET', `${ID}/toString`],
    ['GET', `${ID}/__proto__`],
    ['GET', `${ID}/refused-12345678901`],
    ['HEAD', 'x'],
    ['POST', ''],
    ['POST', 'callback/x'],
    ['POST', `${ID}/connected`],
    ['POST', 'AAAAAAAAAAAAAAAAAAAAA'],
    ['PUT', ID],
    ['PATCH', ID],
    ['DELETE', ID],
    ['OPTIONS', ID],
    ['PUT', 'callback'],
  ])('%s %s is 404, and costs no look at anything', async (method, rest) => {
    const { status, headers, lines } = await answer(request(method, rest), createConnectHandler(ofNobody))
    expect([status, headers, lines]).toEqual([404, HEADERS, []])
  })
})

describe('every answer says how little a browser may do with it', () => {
  test('the page', async () => {
    expect(await answer(request('GET', ID))).toMatchObject({ status: 200, headers: HEADERS, lines: [] })
  })

  test('the link to the sign-in, whose address is in quotes that nothing in it ends', async () => {
    const headers = { origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' }
    const { status, headers: given, body } = await answer(request('POST', ID, headers))
    expect([status, given]).toEqual([
      200,
      {
        ...HEADERS,
        'Set-Cookie': '__Host-connect=sealed; Max-Age=900; Path=/; HttpOnly; Secure; SameSite=None',
      },
    ])
    expect(body).toContain(
      '<a class="go" href="https://login.example/?a=1&amp;state=&quot;x&quot;" autofocus>',
    )
  })

  test('a refused form', async () => {
    expect(await answer(request('POST', ID))).toMatchObject({ status: 403, headers: HEADERS })
  })

  const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

  test('the way back, which is kept nowhere and ends the attempt', async () => {
    const { status, headers } = await answer(request('POST', 'callback', FORM, 'state=s&code=c'))
    expect([status, headers]).toEqual([
      303,
      { Location: `/connect/${ID}/connected`, 'Cache-Control': 'no-store', 'Set-Cookie': ENDED },
    ])
  })

  test('an answer to nothing', async () => {
    const nothing = { ...signIns, finish: async () => ({ outcome: { kind: 'expired' as const } }) }
    const { status, headers } = await answer(
      request('POST', 'callback', FORM, 'state=s'),
      createConnectHandler(() => ({ signIns: nothing, publicUrl: PUBLIC_URL })),
    )
    expect([status, headers]).toEqual([400, { ...HEADERS, 'Set-Cookie': ENDED }])
  })
})

test('of a refusal the number behind AADSTS is read, at the beginning alone, and nothing else', async () => {
  const read: unknown[] = []
  const reading = createConnectHandler(() => ({
    signIns: {
      ...signIns,
      finish: async (_, response) => (read.push(response), { outcome: { kind: 'expired' } }),
    },
    publicUrl: PUBLIC_URL,
  }))
  for (const description of ['AADSTS65004: u@contoso.example declined.', 'See AADSTS1', 'AADSTS', '']) {
    const fields = { state: 's', error: 'access_denied', error_description: description }
    const body = new URLSearchParams(fields).toString()
    await answer(
      request('POST', 'callback', { 'content-type': 'application/x-www-form-urlencoded' }, body),
      reading,
    )
  }
  expect(read).toEqual([{ state: 's', aadsts: 65004 }, { state: 's' }, { state: 's' }, { state: 's' }])
})

test('a form of another site is refused before anything is looked up', async () => {
  const nobody: SignIns = { show: ofNobody, begin: ofNobody, finish: ofNobody }
  const http = request('POST', ID, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
  const { status, lines } = await answer(
    http,
    createConnectHandler(() => ({ signIns: nobody, publicUrl: PUBLIC_URL })),
  )
  expect([status, lines]).toEqual([403, []])
})
