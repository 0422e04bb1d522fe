import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { basicOf, post, postStream } from '../support/http-requests.ts'
import { createMemoryBroker } from '../support/memory-broker.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 10_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? 4711)
const RIGHT = { username: 'ann@contoso.example', password: 'Right-Password-1' }

/** Status and `error` of every answer that there is, as the README has them. `undefined` is a token. */
const CONTRACT: Readonly<Record<number, readonly (string | undefined)[]>> = {
  200: [undefined],
  400: ['invalid_request', 'unknown_client'],
  401: ['invalid_credentials', 'invalid_request'],
  403: [
    'password_change_required',
    'account_disabled',
    'interaction_required',
    'policy_blocked',
    'consent_required',
  ],
  405: ['invalid_request'],
  413: ['invalid_request'],
  415: ['invalid_request'],
  423: ['account_locked'],
  429: ['too_many_requests'],
  503: ['temporarily_unavailable'],
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme-composite', maxLength: 40 }),
  fc.constantFrom(RIGHT.username, RIGHT.password, 'default', 'crm', '__proto__', 'constructor', ' ', ''),
  fc.string({ minLength: 8000, maxLength: 9000 }),
)
const value = fc.oneof(
  { weight: 6, arbitrary: text },
  fc.jsonValue({ maxDepth: 2 }),
  fc.double(),
  fc.integer(),
)
const known = fc.record(
  {
    username: fc.oneof(fc.constant(RIGHT.username), value),
    password: fc.oneof(fc.constant(RIGHT.password), value),
    client: fc.oneof(fc.constantFrom('default', null, ''), value),
    min_valid_seconds: fc.oneof(fc.integer({ min: -5, max: 3005 }), value),
  },
  { requiredKeys: [] },
)
const json = fc.oneof({ weight: 5, arbitrary: known }, fc.dictionary(text, value), fc.jsonValue())
const body = fc.oneof(
  { weight: 6, arbitrary: json.map((each) => Buffer.from(JSON.stringify(each) ?? '')) },
  json.map((each) => Buffer.from(`\uFEFF${JSON.stringify(each)}`)),
  json.map((each) => Buffer.from(JSON.stringify(each) ?? '', 'utf16le')),
  json.map((each) => Buffer.from(JSON.stringify(each) ?? '', 'latin1')),
  fc.uint8Array({ maxLength: 9000 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(Buffer.alloc(0)),
)
const headerText = fc.string({ maxLength: 60 }).map((each) => each.replaceAll(/[^\x20-\x7e]/g, ''))
const contentType = fc.oneof(
  { weight: 6, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/json; charset=utf-8',
    'application/json;charset="UTF8"',
    'application/json; charset=iso-8859-1',
    'application/x-www-form-urlencoded',
    'text/json',
    'application/json, application/json',
  ),
  headerText,
)
const authorization = fc.oneof(
  fc.constant(basicOf(`${RIGHT.username}:${RIGHT.password}`).authorization),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => basicOf(bytes).authorization),
  fc.tuple(text, text).map(([user, secret]) => basicOf(`${user}:${secret}`).authorization),
  headerText,
  headerText.map((each) => `Basic ${each}`),
)
const headers = fc.record(
  {
    'content-type': contentType,
    authorization,
    'content-encoding': fc.constantFrom('gzip', 'identity', '', 'br'),
    'x-functions-key': headerText,
    'content-length': fc.constantFrom('0', '10', '99999999', 'x', '-1', '1e9'),
  },
  { requiredKeys: ['content-type'] },
)
const method = fc.oneof(
  { weight: 9, arbitrary: fc.constant('POST') },
  fc.constantFrom('GET', 'PUT', 'DELETE'),
)

/** What may not be in an answer or a line: a text that was sent, unless it is a word of ours or too short to be told apart. */
function canariesOf(bytes: Buffer): string[] {
  const sent = bytes.toString().match(/canary-\w+/g) ?? []
  return [...new Set(sent)]
}

test(`whatever is sent, the answer is one of the contract's (FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS})`, async () => {
  const broker = createMemoryBroker({
    now: () => 1_764_000_000_000,
    isRight: (username, password) => username === RIGHT.username && password === RIGHT.password,
  })
  const counts: Record<string, number> = {}
  await fc.assert(
    fc.asyncProperty(method, headers, body, fc.boolean(), async (verb, sent, bytes, isStreamed) => {
      const http =
        isStreamed && verb === 'POST'
          ? postStream([bytes], sent)
          : post(bytes, sent, { method: verb, url: 'http://localhost/requesttoken' })
      const { response, lines } = await broker.call(http)
      const answer = response.jsonBody as Record<string, unknown>
      const status = response.status ?? 0
      expect(CONTRACT[status]).toContain(answer['error'])
      expect(lines).toHaveLength(1)
      if (status === 200) {
        expect(String(answer['accesstoken'])).toContain(RIGHT.username)
        expect(Number(answer['expires_on'])).toBe(1_764_003_600)
      } else {
        expect(answer).toMatchObject({
          description: expect.stringMatching(/^[^{}]{10,}/),
          remedy: expect.stringMatching(/.{10,}/),
          retryable: status === 429 || status === 503,
        })
      }
      counts[`${status} ${String(answer['error'])}`] =
        (counts[`${status} ${String(answer['error'])}`] ?? 0) + 1
    }),
    { numRuns: RUNS, seed: SEED },
  )
  // It reaches more than the parser.
  expect(Object.keys(counts)).toEqual(
    expect.arrayContaining([
      '200 undefined',
      '400 invalid_request',
      '400 unknown_client',
      '401 invalid_credentials',
      '405 invalid_request',
      '413 invalid_request',
      '415 invalid_request',
    ]),
  )
})

test(`nothing that was sent comes back or is logged (FUZZ_SEED=${SEED})`, async () => {
  const broker = createMemoryBroker({ now: () => 1_764_000_000_000, isRight: () => false })
  const canary = fc.integer({ min: 1e9, max: 1e12 }).map((n) => `canary-${n.toString(36)}`)
  const place = fc.constantFrom('username', 'password', 'client', 'min_valid_seconds', 'unknown', 'key')
  await fc.assert(
    fc.asyncProperty(canary, place, body, contentType, async (secret, where, tail, type) => {
      const fields = where === 'key' ? { [secret]: 1 } : { username: 'u', password: 'p', [where]: secret }
      const bytes = Buffer.concat([
        Buffer.from(JSON.stringify(fields)),
        tail.length % 3 ? tail : Buffer.alloc(0),
      ])
      const { response, lines } = await broker.call(post(bytes, { 'content-type': type }))
      const shown = JSON.stringify([response, lines])
      // A client profile's name is no secret: the line names it, so that an operator can see what was asked for.
      const isNamed = where === 'client' && !JSON.stringify(response).includes('canary')
      for (const each of canariesOf(bytes)) if (!isNamed) expect(shown).not.toContain(each)
    }),
    { numRuns: Math.ceil(RUNS / 5), seed: SEED },
  )
})
