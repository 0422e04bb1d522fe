import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { odata, TableClient } from '@azure/data-tables'
import { ManagedIdentityCredential } from '@azure/identity'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { BAD_DAY, UNAVAILABLE } from './bad-day.ts'
import { startChromium } from '../support/chromium.ts'
import { stopClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { startKeyedFront, type KeyedFront } from '../support/keyed-front.ts'

const KEY = 'canary-admin-key-4711'
const USERS = Array.from({ length: 12 }, (_, n) => ({
  username: `shown${n}@contoso.example`,
  password: `Never-Shown-${n}`,
}))
const SECRET = /shown\d|Never-Shown|eyJ|canary-admin-key/i
/** Set it to see what the tests saw: a folder for screenshots. */
const SCREENSHOTS = process.env['SCREENSHOTS']

const clock = stopClock()
let broker: TestBroker
let front: KeyedFront
let browser: Browser
let axe: string
beforeAll(async () => {
  broker = await startBroker()
  ;[front, browser, axe] = await Promise.all([
    startKeyedFront(() => broker.url, '/status/data', KEY),
    startChromium(),
    readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
  ])
  await liveThroughAnHour()
})
afterAll(async () => {
  await browser?.close()
  await front?.close()
  await broker?.close()
})

/** Enough of everything that every part of the page has something to show. */
async function liveThroughAnHour(): Promise<void> {
  for (const user of USERS) broker.entra.setUser(user)
  for (let minute = 0; minute < 62; minute++) {
    const user = USERS[minute % USERS.length]
    for (let n = 0; n <= minute % 4; n++) await broker.requestToken(user)
    if (minute === 20) await broker.requestToken({ ...user, password: 'Never-Shown-Wrong' })
    if (minute === 30) {
      broker.entra.failWith = 50076
      await broker.requestToken({ username: 'shown99@contoso.example', password: 'Never-Shown-99' })
      broker.entra.failWith = undefined
    }
    if (minute === 40) await broker.requestToken({ client: 'nosuch' })
    if (minute < 25 || minute > 35) await broker.runTimer()
    // A minute that ends while the one before it is being written would be lost.
    await eventually(async () => minute === 0 || (await isWritten(Date.now() - 60_000)))
    clock.advance(60)
  }
}

async function isWritten(timestamp: number): Promise<boolean> {
  const minute = new Date(timestamp).toISOString().slice(0, 16)
  const filter = odata`PartitionKey eq ${minute.slice(0, 13)} and RowKey ge ${minute} and RowKey lt ${`${minute}~`}`
  const table = new TableClient(broker.azurite.tableServiceUrl, 'activity', new ManagedIdentityCredential())
  for await (const _ of table.listEntities({ queryOptions: { filter } })) return true
  return false
}

let context: BrowserContext
let page: Page
let requested: string[]
let complaints: string[]
const open = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  await context?.close()
  context = await browser.newContext({ timezoneId: 'UTC', locale: 'en-GB', ...options })
  context.setDefaultTimeout(120_000)
  page = await context.newPage()
  page.on('request', (request) => requested.push(`${request.method()} ${request.url()}`))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${front.url}/status`)
  return page
}
const signIn = async (key = KEY): Promise<void> => {
  await page.getByLabel('Admin key').fill(key)
  await page.getByRole('button', { name: 'Show status' }).click()
}
const signedIn = async (options?: Parameters<typeof open>[0]): Promise<void> => {
  await open(options)
  await signIn()
  await page.getByRole('heading', { name: 'Requests' }).waitFor()
}
const problemText = () => page.getByRole('alert').innerText()
const widthOf = () => page.evaluate<number>('document.documentElement.scrollWidth')
/** What axe-core finds, and where. */
const violations = async (): Promise<string[]> => {
  await page.evaluate(axe)
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}
const keep = async (name: string): Promise<void> => {
  if (!SCREENSHOTS) return
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

beforeEach(() => {
  requested = []
  complaints = []
  front.instead = undefined
})
afterEach(async () => {
  await context.close()
})

describe.each([
  [320, 'light'],
  [320, 'dark'],
  [768, 'light'],
  [768, 'dark'],
  [1280, 'light'],
  [1280, 'dark'],
] as const)('at %i pixels, %s', (width, colorScheme) => {
  const options = { viewport: { width, height: 800 }, colorScheme }

  test('the form and the figures fit, and axe-core finds nothing', async () => {
    await open(options)
    expect([await widthOf(), await violations()]).toEqual([width, []])
    await keep(`form-${width}-${colorScheme}`)
    await signIn('wrong')
    await page.getByText('The key was not accepted.').waitFor()
    expect([await widthOf(), await violations()]).toEqual([width, []])
    await keep(`wrong-key-${width}-${colorScheme}`)
    await signIn()
    await page.getByRole('heading', { name: 'Requests' }).waitFor()
    await keep(`status-${width}-${colorScheme}`)
    for (const summary of await page.locator('summary').all()) await summary.click()
    expect([await widthOf(), await violations()]).toEqual([width, []])
    await keep(`opened-${width}-${colorScheme}`)
  })
})

describe('on a bad day', () => {
  test.each([
    ['figures', 320, 'light', BAD_DAY],
    ['figures', 1280, 'dark', BAD_DAY],
    ['nothing to read', 320, 'dark', { ...BAD_DAY, entries: UNAVAILABLE, activity: UNAVAILABLE }],
    ['nothing to read', 768, 'light', { ...BAD_DAY, entries: UNAVAILABLE, activity: UNAVAILABLE }],
  ] as const)(
    '%s fit at %i pixels, %s, and axe-core finds nothing',
    async (what, width, colorScheme, body) => {
      front.instead = { status: 200, body: JSON.stringify(body) }
      await signedIn({ viewport: { width, height: 800 }, colorScheme })
      expect(await page.locator('#verdict').innerText()).toMatch(
        /^Does not work: Key Vault and its keys, Table Storage/,
      )
      for (const summary of await page.locator('summary').all()) await summary.click()
      expect([await widthOf(), await violations()]).toEqual([width, []])
      await keep(`bad-day-${what.replaceAll(' ', '-')}-${width}-${colorScheme}`)
      expect(complaints).toEqual([])
    },
  )

  test('what is missing in the figures is said', async () => {
    front.instead = { status: 200, body: JSON.stringify(BAD_DAY) }
    await signedIn()
    const notices = await page.locator('.notice').allInnerTexts()
    expect(notices).toEqual([
      'The counts of 17 minutes of an instance could not be written and are missing here. The log has them.',
      'There is more than one page can read: the oldest counts are missing.',
      'Service goes on, but: client-default: version 0123456789abcdef0123456789abcdef is malformed (tenantId)',
      'Only the first 2,000 entries were read; there are more.',
      'Only the first 2,000 connections were read; there are more.',
      'Only the first 2,000 entries were read; there are more.',
    ])
    expect(await page.locator('#sweeps').innerText()).toContain('No sweep in the last 6 hours.')
  })
})

test('it shows what happened', async () => {
  await signedIn()
  const text = await page.locator('main').innerText()
  expect(text).toContain('All dependencies work')
  expect(await page.locator('#figures').innerText()).toMatch(/Requests\s+156\s/)
  const causes = await page.locator('#failures tbody th').allInnerTexts()
  expect(causes).toEqual([
    'invalid_credentials AADSTS50126',
    'interaction_required AADSTS50076',
    'unknown_client',
  ])
  expect(await page.locator('#failures').getByText('Remedy: ').count()).toBe(3)
  expect(await page.locator('#passwords table').first().innerText()).toMatch(/default\s+12/)
  expect(text).not.toMatch(SECRET)
})

test('nobody but the broker is asked, and nothing breaks the content security policy', async () => {
  await signedIn()
  await page.getByRole('button', { name: 'Update' }).click()
  await page.getByText('Updated.').waitFor()
  expect(requested).toEqual([
    `GET ${front.url}/status`,
    `GET ${front.url}/status/data?hours=6`,
    `GET ${front.url}/status/data?hours=6`,
  ])
  expect(complaints).toEqual([])
})

test('the policy holds: a script that was not in the page does not run', async () => {
  await open()
  await page.evaluate(`
    const script = document.createElement('script')
    try {
      script.textContent = 'document.title = "injected"'
      document.body.append(script)
    } catch {
      // Trusted types forbid even the text.
    }`)
  expect(await page.title()).toBe('Status – entra-token-broker')
  expect(complaints.join()).toMatch(/Content Security Policy|TrustedScript/)
})

test('the key is in a header and in memory alone', async () => {
  await signedIn()
  const kept = await page.evaluate<string>(`indexedDB.databases().then((databases) => JSON.stringify([
    location.href, history.state, document.cookie, { ...localStorage }, { ...sessionStorage }, databases,
    document.documentElement.outerHTML, [...document.querySelectorAll('input')].map(({ value }) => value),
  ]))`)
  expect(kept).toContain('All dependencies work')
  expect(JSON.stringify([kept, requested, await context.storageState()])).not.toContain(KEY)
  await page.reload()
  await page.getByLabel('Admin key').waitFor()
  expect(await page.locator('#status').isVisible()).toBe(false)
})

test('a wrong key is said, and the next one is asked for', async () => {
  await open()
  await signIn('a function key')
  await page.getByRole('alert').getByText('not accepted').waitFor()
  expect(await problemText()).toBe(
    'The key was not accepted. Remedy: It must be the host key _master; a function key is not enough.',
  )
  const field = page.getByLabel('Admin key')
  expect([await field.inputValue(), await field.getAttribute('aria-invalid')]).toEqual(['', 'true'])
  expect(await page.evaluate('document.activeElement.id')).toBe('key')
  await signIn()
  await page.getByRole('heading', { name: 'Requests' }).waitFor()
  expect(await problemText()).toBe('')
})

test('a key that cannot be a header is one that is not accepted', async () => {
  await open()
  await signIn('Schlüssel ✓')
  await page.getByRole('alert').getByText('not accepted').waitFor()
  expect(requested).toEqual([`GET ${front.url}/status`])
})

test('a key that is no longer good takes the figures away', async () => {
  await signedIn()
  front.instead = { status: 401, body: '' }
  await page.getByRole('button', { name: 'Update' }).click()
  await page.getByRole('alert').getByText('not accepted').waitFor()
  expect(await page.locator('#status').isVisible()).toBe(false)
  expect(await page.locator('#figures').innerHTML()).toBe('')
})

test.each([
  ['no answer', 'reset', 'The broker could not be reached.'],
  [
    'an error',
    { status: 500, body: '{"description":"It is not set up.","remedy":"Set it up."}' },
    'It is not set up. Remedy: Set it up.',
  ],
  ['an error of somebody else', { status: 502, body: 'null' }, 'The broker answered 502.'],
] as const)('with %s it says so, and the figures before stay', async (_, instead, said) => {
  await signedIn()
  front.instead = instead
  await page.getByRole('button', { name: 'Update' }).click()
  await page
    .getByRole('alert')
    .getByText(said.split('. ')[0] ?? '')
    .waitFor()
  expect(await problemText()).toContain(said)
  expect(await page.getByText('All dependencies work').isVisible()).toBe(true)
})

test('everything is done by the keyboard, in the order of the page', async () => {
  await open()
  const focused = () =>
    page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()')
  const ring = () => page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
  await page.keyboard.press('Tab')
  expect([await focused(), await ring()]).toEqual(['key', 'solid'])
  await page.keyboard.type(KEY)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Requests' }).waitFor()
  expect(await focused()).toBe('verdict')
  const order: unknown[] = []
  for (let n = 0; n < 7; n++) {
    await page.keyboard.press('Tab')
    order.push(await focused())
    expect(await ring()).toBe('solid')
  }
  expect(order).toEqual([
    'hours',
    'update',
    'each-minute',
    'forget',
    'As a table',
    'As a table',
    'Show them by user hash',
  ])
  await page.locator('#hours').focus()
  await page.keyboard.press('ArrowUp')
  await page.getByText('Updated.').waitFor()
  expect(requested.at(-1)).toBe(`GET ${front.url}/status/data?hours=1`)
  await page.locator('#forget').focus()
  await page.keyboard.press('Enter')
  expect([await focused(), await page.locator('#passwords').innerHTML()]).toEqual(['key', ''])
})

test('a screen reader hears each plot as a sentence', async () => {
  await signedIn()
  const plots = await page.getByRole('img').all()
  const names = await Promise.all(plots.map((plot) => plot.getAttribute('aria-label')))
  expect(names).toEqual([
    'Requests, by 10 minutes. In the last 6 hours: from cache 141, from Entra ID 12, refused 3, failed 0.',
    'Entries, by minutes to the end of their token (up to). ended: 0, 0 to 10: 0, 10 to 20: 0, 20 to 30: 0, 30 to 40: 0, 40 to 50: 5, 50 to 60: 7, 60 to 70: 0, 70 to 80: 0, 80 to 90: 0, more than 90: 0.',
    'Longest lag of an entry (seconds), by 10 minutes. At most 0 ms. In 29 of 36 stretches there was no sweep.',
  ])
})
