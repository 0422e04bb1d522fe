import { createHash, X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startStreamingServer, type LoopbackServer } from '../../local/server/loopback-server.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { startChromium } from '../support/chromium.ts'
import { stopClock } from '../support/clock.ts'
import { forward } from '../support/forwarded.ts'

const CLIENT_ID = 'b0057ed0-5b1e-4c1f-9d39-0b7a5c1de0aa'
const PASSWORD = 'Person-Password-1'
/** Set it to see what the tests saw: a folder for screenshots. */
const SCREENSHOTS = process.env['SCREENSHOTS']

const clock = stopClock()
let broker: TestBroker
let front: LoopbackServer
/** Another site than Entra ID's, as in real life: what is same-site is sent along anyway. */
let publicUrl: string
let browser: Browser
let axe: string
beforeAll(async () => {
  broker = await startBroker()
  front = await startStreamingServer({
    tls: broker.tls,
    handle: async (request, response) => forward(broker.url, request, response),
  })
  publicUrl = `https://broker.localhost:${front.port}`
  const key = new X509Certificate(broker.tls.serverCertificatePem).publicKey.export({
    type: 'spki',
    format: 'der',
  })
  ;[browser, axe] = await Promise.all([
    startChromium([createHash('sha256').update(key).digest('base64')]),
    readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
  ])
  await broker.restart({ PUBLIC_URL: publicUrl })
})
afterAll(async () => {
  await browser?.close()
  await front?.stop()
  await broker?.close()
})

let runs = 0
let name: string
let person: string
let secret: string
let link: string
let context: BrowserContext
let page: Page
let requested: string[]
beforeEach(async () => {
  clock.advance(7200)
  broker.logs.length = 0
  name = `browsed-${++runs}`
  person = `${name}@contoso.example`
  broker.entra.setApplication({
    clientId: CLIENT_ID,
    publicClientFlows: false,
    clientSecret: 'a-client-secret',
    redirectUris: [`${publicUrl}/connect/callback`],
  })
  broker.keyVault.setSecret(
    `client-${name}`,
    JSON.stringify({
      authority: broker.entra.authority(),
      clientId: CLIENT_ID,
      resource: 'https://contoso.crm.dynamics.com',
      clientSecret: 'a-client-secret',
      grants: ['authorization_code'],
    }),
  )
  broker.entra.setUser(
    { username: person, password: PASSWORD, secondFactor: '123456' },
    { username: `other-${person}`, password: PASSWORD },
  )
  const { json } = await broker.call(`/connections/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client: name,
      grant: 'authorization_code',
      username: person,
      owner: 'The CRM team',
    }),
  })
  secret = String(json['secret'])
  link = String(json['connect_url'])
  broker.entra.calls.length = 0
  requested = []
  await open()
})
afterEach(() => context?.close())

async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  await context?.close()
  context = await browser.newContext({ locale: 'en-GB', ...options })
  context.setDefaultTimeout(120_000)
  page = await newPage()
}
async function newPage(): Promise<Page> {
  const opened = await context.newPage()
  opened.on('request', (request) => requested.push(request.url()))
  await opened.goto(link)
  return opened
}
const begin = async (on = page): Promise<void> => {
  await on.getByRole('button', { name: 'Continue to the sign-in' }).click()
  await on.getByRole('link', { name: 'Sign in' }).click()
  await on.getByLabel('User name').waitFor()
}
const fill = async (on = page, username = person, code = '123456'): Promise<void> => {
  await on.getByLabel('User name').fill(username)
  await on.getByLabel('Password').fill(PASSWORD)
  await on.getByLabel('Code of your authenticator').fill(code)
}
const consent = (on = page) => on.getByRole('button', { name: 'Sign in and consent' }).click()
const notice = (on = page) => on.getByRole('status').innerText()
const ask = async () => (await broker.requestToken({ username: name, password: secret })).status
const state = async () => (await broker.call(`/connections/${name}`)).json['state']
const violations = async (): Promise<string[]> => {
  await page.evaluate(axe)
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}
const keep = async (shot: string): Promise<void> => {
  if (!SCREENSHOTS) return
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${shot}.png`), fullPage: true })
}

describe('a person', () => {
  test('signs in with a second factor, and the flow gets tokens; nothing secret is in an address', async () => {
    await begin()
    await fill()
    await consent()
    expect(await notice()).toContain('Connected.')
    expect(page.url()).toBe(`${link}/connected`)
    expect(await ask()).toBe(200)
    expect(requested.join('\n')).not.toMatch(/code=|etb_|Person-Password/)
    expect(await context.cookies()).toEqual([])
    const sites = new Set(requested.map((url) => new URL(url).origin))
    expect(sites).toEqual(new Set([publicUrl, new URL(broker.entra.authority()).origin]))
  })

  test('does it all by keyboard', async () => {
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    // It has the focus already.
    await page.keyboard.press('Enter')
    await page.getByLabel('User name').waitFor()
    await fill()
    await page.keyboard.press('Enter')
    expect(await notice()).toContain('Connected.')
  })

  test('with a wrong code is told by Entra ID, and may try again', async () => {
    await begin()
    await fill(page, person, '000000')
    await consent()
    expect(await page.getByRole('alert').innerText()).toContain('AADSTS500121')
    await fill()
    await consent()
    expect(await notice()).toContain('Connected.')
  })

  test('who cancels is told so, and may begin again', async () => {
    await begin()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await notice()).toContain('Entra ID gave no token for that sign-in.')
    expect(await state()).toBe('pending')
    await begin()
    await fill()
    await consent()
    expect(await notice()).toContain('Connected.')
  })

  test('with another account is told whose turn it is', async () => {
    await begin()
    await fill(page, `other-${person}`, '')
    await consent()
    expect(await notice()).toContain('Somebody else signed in')
    expect(await page.getByRole('main').innerText()).toContain(person)
    expect(await ask()).toBe(403)
  })

  test('who reloads the result, or goes back, sends nothing again', async () => {
    await begin()
    await fill()
    await consent()
    await notice()
    const calls = broker.entra.calls.length
    await page.reload()
    expect(await notice()).toContain('Connected.')
    await page.goBack()
    await page.goto(`${link}/connected`)
    expect(await notice()).toContain('Connected.')
    expect(broker.entra.calls.length).toBe(calls)
    expect(await ask()).toBe(200)
  })

  test('who takes too long is told so', async () => {
    await begin()
    await fill()
    clock.advance(901)
    await consent()
    expect(await notice()).toContain('took too long')
    expect(await state()).toBe('pending')
  })

  test('with two tabs is told so in both, and the next sign-in works', async () => {
    const second = await newPage()
    await begin()
    await begin(second)
    for (const tab of [page, second]) {
      await fill(tab)
      await consent(tab)
      expect(await notice(tab)).toContain('began in another browser')
    }
    expect(await state()).toBe('pending')
    await page.goto(link)
    await begin()
    await fill()
    await consent()
    expect(await notice()).toContain('Connected.')
  })
})

test('an answer that is brought to another browser is none', async () => {
  await begin()
  const [url] = [page.url()]
  await open()
  await page.goto(url)
  await fill()
  await consent()
  expect(await notice()).toContain('began in another browser')
  expect(await state()).toBe('pending')
  expect(broker.entra.calls).toEqual([])
})

test('another site cannot begin a sign-in, nor put the page into a frame', async () => {
  const evil = await context.newPage()
  await evil.goto(`${broker.entra.authority()}/v2.0/.well-known/openid-configuration`)
  await evil.setContent(`<form method="post" action="${link}"><button>Go</button></form>`)
  await evil.getByRole('button').click()
  expect(await evil.getByRole('status').innerText()).toContain('Open the link itself')
  await evil.goto(`${broker.entra.authority()}/v2.0/.well-known/openid-configuration`)
  await evil.setContent(`<iframe src="${link}"></iframe>`)
  const frame = evil.frames()[1]
  await frame?.waitForLoadState()
  expect(await frame?.content()).not.toContain(name)
})

describe.each([
  [320, 'light'],
  [320, 'dark'],
  [768, 'light'],
  [1280, 'dark'],
] as const)('at %s px, %s', (width, colorScheme) => {
  test('everything is there, nothing is cut, and axe finds nothing', async () => {
    await open({ viewport: { width, height: 800 }, colorScheme })
    expect(await violations()).toEqual([])
    await keep(`connect-${width}-${colorScheme}`)
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width)
    await page.getByRole('button', { name: 'Continue to the sign-in' }).click()
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    expect(await violations()).toEqual([])
    await keep(`connect-begin-${width}-${colorScheme}`)
    await page.goto(`${link}/wrong_account`)
    expect(await violations()).toEqual([])
    await keep(`connect-wrong-${width}-${colorScheme}`)
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width)
    await page.goto(link)
    await begin()
    await fill()
    await consent()
    expect(await notice()).toContain('Connected.')
    expect(await violations()).toEqual([])
    await keep(`connect-done-${width}-${colorScheme}`)
  })
})
