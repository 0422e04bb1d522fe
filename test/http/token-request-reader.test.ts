import { gzipSync } from 'node:zlib'
import type { HttpRequest } from '@azure/functions'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BrokerError } from '../../src/core/broker-error.ts'
import { errorResponseOf } from '../../src/http/error-response.ts'
import { readTokenRequest } from '../../src/http/token-request-reader.ts'
import { basicOf, JSON_TYPE, post, postStream } from '../support/http-requests.ts'

const USERNAME = 'canary.user@contoso.example'
const PASSWORD = 'canary-Password-1'
const credentials = { username: USERNAME, password: PASSWORD }
const basic = basicOf(`${USERNAME}:${PASSWORD}`)
const json = (value: unknown) => JSON.stringify(value)
const utf16 = (text: string) => Buffer.from(text, 'utf16le')

/** In pieces of so many bytes. */
function* chunksOf(bytes: Buffer, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test.each<[string, HttpRequest, object]>([
  ['the sample of the predecessor', post(json(credentials)), {}],
  ['a charset', post(json(credentials), { 'content-type': 'Application/JSON; charset="UTF-8"' }), {}],
  [
    'utf8 without its hyphen',
    post(json(credentials), { 'content-type': 'application/json;charset=utf8' }),
    {},
  ],
  ['an empty charset', post(json(credentials), { 'content-type': 'application/json; charset=""' }), {}],
  ['another parameter', post(json(credentials), { 'content-type': 'application/json; v="a;b"' }), {}],
  [
    'no compression, said aloud',
    post(json(credentials), { ...JSON_TYPE, 'content-encoding': 'identity' }),
    {},
  ],
  ['a byte order mark', post(`\uFEFF${json(credentials)}`), {}],
  ['unknown fields', post(json({ ...credentials, extra: [1], constructor: {} })), {}],
  [
    'a __proto__ key',
    post(`{"__proto__":{"client":"x"},"username":"${USERNAME}","password":"${PASSWORD}"}`),
    {},
  ],
  ['whitespace around the name', post(json({ username: ` ${USERNAME}\u00a0`, password: PASSWORD })), {}],
  [
    'a profile and a minimum',
    post(json({ ...credentials, client: 'CRM-2', min_valid_seconds: 3000 })),
    { client: 'crm-2', minValidInMs: 3_000_000 },
  ],
  ['options that are null', post(json({ ...credentials, client: null, min_valid_seconds: null })), {}],
  ['options that are empty', post(json({ ...credentials, client: '', min_valid_seconds: '' })), {}],
  ['Basic without a body', post('', basic), {}],
  [
    'Basic with a body of options',
    post(json({ client: 'crm' }), { ...JSON_TYPE, ...basic }),
    { client: 'crm' },
  ],
  [
    'Basic beside empty credentials',
    post(json({ username: '', password: null }), { ...JSON_TYPE, ...basic }),
    {},
  ],
  ['lower-case basic', post('', { authorization: basic.authorization.replace('Basic', 'basic') }), {}],
  ['Basic and more than one space', post('', { authorization: basic.authorization.replace(' ', '  ') }), {}],
  [
    'another scheme beside the body',
    post(json(credentials), { ...JSON_TYPE, authorization: 'Bearer x' }),
    {},
  ],
  ['chunks', postStream(chunksOf(Buffer.from(json(credentials)), 7)), {}],
  [
    'chunks that cut a letter in two, up to the last byte that is allowed',
    postStream(chunksOf(Buffer.from(json({ ...credentials, extra: 'ü'.repeat(4054) })), 1001)),
    {},
  ],
  [
    'the last byte that is allowed, announced',
    post(json({ ...credentials, extra: 'x'.repeat(8108) }), { ...JSON_TYPE, 'content-length': '8192' }),
    {},
  ],
  [
    'Basic with chunks',
    postStream([Buffer.from('{"client":"crm"}')], { ...JSON_TYPE, ...basic }),
    { client: 'crm' },
  ],
])('%s: it is read', async (_, request, rest) => {
  expect(await readTokenRequest(request)).toEqual({
    ...credentials,
    client: undefined,
    minValidInMs: 0,
    ...rest,
  })
})

test('a password may hold colons and any letters', async () => {
  expect(await readTokenRequest(post('', basicOf('zażółć@contoso.example:pä:ß:𝒳')))).toEqual({
    username: 'zażółć@contoso.example',
    password: 'pä:ß:𝒳',
    client: undefined,
    minValidInMs: 0,
  })
})

const CORRECT = 'Correct that. A request looks like {"username": "user@contoso.com", "password": "…"}.'
const HOW_BASIC = 'Send Authorization: Basic, a space, and base64 of username:password in UTF-8.'
const IN_UTF_8 =
  'Send it in UTF-8, with the header Content-Type: application/json; charset=utf-8, and uncompressed.'
const AS_JSON =
  'Send JSON such as {"username": "user@contoso.com", "password": "…"}, with the header Content-Type: application/json, once.'
const QUOTED =
  'Send JSON such as {"username": "user@contoso.com", "password": "…"}: names and texts in double quotes, no comma after ' +
  'the last field, and " and \\ inside a password as \\" and \\\\.'
const NO_CREDENTIALS = 'The request holds no user name and no password.'
const BOTH_WAYS =
  'Send them as Authorization: Basic (base64 of username:password in UTF-8), or as JSON in the body: ' +
  '{"username": "user@contoso.com", "password": "…"}.'
const TWICE = 'The credentials are sent twice, as Authorization: Basic and in the body.'
const ONCE =
  'Send them once: leave username and password out of the body, or leave out the Authorization header.'
const NO_BASE64 = 'The Authorization header is not Basic with one value in base64.'
const BASIC_NOT_UTF_8 = 'The credentials in the Authorization header are not in UTF-8.'
const BASIC_IN_UTF_8 =
  'Encode username:password in UTF-8 before base64 (RFC 7617), or send both as JSON in the body.'
const TOO_LARGE = 'The body is larger than 8 KiB.'
const ONLY = 'Send nothing but the credentials: {"username": "user@contoso.com", "password": "…"}.'
const NO_CHUNKS =
  'The body was sent in chunks, and none arrived: it is empty, or the host does not hand chunks on.'
const LENGTH = 'Send the body with a Content-Length, or leave out Transfer-Encoding when there is none.'
const OBJECT = 'The body must be a JSON object.'

const typed = (contentType: string) => post(json(credentials), { 'content-type': contentType })
const field = (fields: object) => post(json({ ...credentials, ...fields }))

test.each<[string, HttpRequest, status: number, description: string, remedy: string]>([
  [
    'GET',
    post('', {}, { method: 'GET' }),
    405,
    'Only POST is allowed here.',
    'Send the same request with the method POST.',
  ],
  // No credentials at all: a challenge, for clients that wait for one.
  ['nothing', post('', {}), 401, NO_CREDENTIALS, BOTH_WAYS],
  ['no fields', post('{}'), 401, NO_CREDENTIALS, BOTH_WAYS],
  ['options alone', post('{"client":"crm"}'), 401, NO_CREDENTIALS, BOTH_WAYS],
  ['null for both', field({ username: null, password: null }), 401, NO_CREDENTIALS, BOTH_WAYS],
  [
    'credentials that are inherited',
    post(`{"__proto__":${json(credentials)}}`),
    401,
    NO_CREDENTIALS,
    BOTH_WAYS,
  ],
  ['another scheme alone', post('', { authorization: 'Negotiate x' }), 401, NO_CREDENTIALS, BOTH_WAYS],
  // Not JSON.
  ['JSON that ends early', post(`{"username":"${USERNAME}"`), 400, 'The body is not JSON.', QUOTED],
  [
    'a comma too many',
    post(`{"username":"${USERNAME}","password":"${PASSWORD}",}`),
    400,
    'The body is not JSON.',
    QUOTED,
  ],
  [
    'a quote in a password',
    post(`{"username":"${USERNAME}","password":"a"b"}`),
    400,
    'The body is not JSON.',
    QUOTED,
  ],
  ['single quotes', post(`{'username':'${USERNAME}'}`), 400, 'The body is not JSON.', QUOTED],
  ['an array', post(json([USERNAME, PASSWORD])), 400, OBJECT, CORRECT],
  ['a string', post(json(PASSWORD)), 400, OBJECT, CORRECT],
  ['null', post('null'), 400, OBJECT, CORRECT],
  ['null beside Basic', post('null', { ...JSON_TYPE, ...basic }), 400, OBJECT, CORRECT],
  ['deep JSON', post('['.repeat(4000) + ']'.repeat(4000)), 400, OBJECT, CORRECT],
  // Fields.
  ['no password', post(json({ username: USERNAME })), 400, 'password is missing.', CORRECT],
  ['no user name', post(json({ password: PASSWORD })), 400, 'username is missing.', CORRECT],
  ['null for one', field({ password: null }), 400, 'password is missing.', CORRECT],
  [
    'numbers for strings',
    field({ username: 1, password: 2 }),
    400,
    'username must be a string, in double quotes; password must be a string, in double quotes.',
    CORRECT,
  ],
  [
    'a list for a string',
    field({ password: [PASSWORD] }),
    400,
    'password must be a string, in double quotes.',
    CORRECT,
  ],
  [
    'empty strings',
    field({ username: '', password: '' }),
    400,
    'username must not be empty; password must not be empty.',
    CORRECT,
  ],
  ['a blank name', field({ username: '  ' }), 400, 'username must not be empty.', CORRECT],
  [
    'a lone surrogate',
    post(`{"username":"${USERNAME}","password":"\\ud800"}`),
    400,
    'password must not contain half of a surrogate pair.',
    CORRECT,
  ],
  [
    'NUL',
    field({ password: `${PASSWORD}\0` }),
    400,
    'password must not contain control characters.',
    CORRECT,
  ],
  [
    'a line break',
    field({ username: `${USERNAME}\n.` }),
    400,
    'username must not contain control characters.',
    CORRECT,
  ],
  [
    'whitespace before the password',
    field({ password: ` ${PASSWORD}` }),
    400,
    'password must not begin or end with whitespace: Entra ID refuses that.',
    CORRECT,
  ],
  [
    'whitespace after the password',
    field({ password: `${PASSWORD}\u00a0` }),
    400,
    'password must not begin or end with whitespace: Entra ID refuses that.',
    CORRECT,
  ],
  [
    'a long name',
    field({ username: 'x'.repeat(321) }),
    400,
    'username must have at most 320 characters.',
    CORRECT,
  ],
  [
    'a long password',
    field({ password: 'x'.repeat(513) }),
    400,
    'password must have at most 512 characters.',
    CORRECT,
  ],
  [
    'a path in the profile',
    field({ client: '../keys' }),
    400,
    'client must have 1 to 64 letters, digits or hyphens.',
    CORRECT,
  ],
  [
    'a number for the profile',
    field({ client: 7 }),
    400,
    'client must be a string, in double quotes.',
    CORRECT,
  ],
  [
    'a minimum in text',
    field({ min_valid_seconds: '600' }),
    400,
    'min_valid_seconds must be a whole number of seconds, without quotes.',
    CORRECT,
  ],
  [
    'a fraction',
    field({ min_valid_seconds: 0.5 }),
    400,
    'min_valid_seconds must be a whole number of seconds, without quotes.',
    CORRECT,
  ],
  [
    'a minimum beyond all numbers',
    post(`{"username":"${USERNAME}","password":"${PASSWORD}","min_valid_seconds":1e400}`),
    400,
    'min_valid_seconds must be a whole number of seconds, without quotes.',
    CORRECT,
  ],
  [
    'a minimum too small',
    field({ min_valid_seconds: -1 }),
    400,
    'min_valid_seconds must be at least 0.',
    CORRECT,
  ],
  [
    'a minimum too large',
    field({ min_valid_seconds: 3001 }),
    400,
    'min_valid_seconds must be at most 3000.',
    CORRECT,
  ],
  // Size.
  ['10,000 characters', field({ password: 'x'.repeat(10_000) }), 413, TOO_LARGE, ONLY],
  ['8 KiB and a byte', post('x'.repeat(8193)), 413, TOO_LARGE, ONLY],
  [
    'a megabyte that is only announced',
    post('{}', { ...JSON_TYPE, 'content-length': '1048576' }),
    413,
    TOO_LARGE,
    ONLY,
  ],
  ['9 KiB in chunks', postStream(chunksOf(Buffer.alloc(9216, 'x'), 1024)), 413, TOO_LARGE, ONLY],
  // Media types and charsets.
  ['text/plain', typed('text/plain'), 415, 'The body is not declared as JSON.', AS_JSON],
  ['text/json', typed('text/json'), 415, 'The body is not declared as JSON.', AS_JSON],
  ['a form', typed('application/x-www-form-urlencoded'), 415, 'The body is not declared as JSON.', AS_JSON],
  ['no content type', post(json(credentials), {}), 415, 'The body is not declared as JSON.', AS_JSON],
  [
    'the content type twice',
    typed('application/json, application/json'),
    415,
    'The body is not declared as JSON.',
    AS_JSON,
  ],
  ['not a content type', typed('json'), 415, 'The body is not declared as JSON.', AS_JSON],
  [
    'UTF-16, declared',
    typed('application/json; charset=utf-16'),
    415,
    'The body is declared in another charset than UTF-8.',
    IN_UTF_8,
  ],
  [
    'ISO-8859-1, declared',
    typed('application/json; charset="iso-8859-1"'),
    415,
    'The body is declared in another charset than UTF-8.',
    IN_UTF_8,
  ],
  ...['x-utf-8', 'utf-80'].map((charset): [string, HttpRequest, number, string, string] => [
    `${charset}, declared`,
    typed(`application/json; charset=${charset}`),
    415,
    'The body is declared in another charset than UTF-8.',
    IN_UTF_8,
  ]),
  [
    'ISO-8859-1',
    post(Buffer.from(json({ ...credentials, extra: 'ü' }), 'latin1')),
    400,
    'The body is not in UTF-8.',
    IN_UTF_8,
  ],
  ['UTF-16', post(utf16(json(credentials))), 400, 'The body is not in UTF-8.', IN_UTF_8],
  [
    'UTF-16 with its mark',
    post(utf16(`\uFEFF${json(credentials)}`)),
    400,
    'The body is not in UTF-8.',
    IN_UTF_8,
  ],
  [
    'UTF-16, high byte first',
    post(utf16(json(credentials)).swap16()),
    400,
    'The body is not in UTF-8.',
    IN_UTF_8,
  ],
  [
    'gzip, declared',
    post(gzipSync(json(credentials)), { ...JSON_TYPE, 'content-encoding': 'gzip' }),
    415,
    'The body is declared as compressed.',
    IN_UTF_8,
  ],
  ['gzip', post(gzipSync(json(credentials))), 400, 'The body is not in UTF-8.', IN_UTF_8],
  // Chunks that a host without streaming swallows.
  [
    'a chunked body that did not arrive',
    post('', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }),
    400,
    NO_CHUNKS,
    LENGTH,
  ],
  ['the same beside Basic', post('', { ...basic, 'transfer-encoding': 'chunked' }), 400, NO_CHUNKS, LENGTH],
  ['no chunks', postStream([], basic), 400, NO_CHUNKS, LENGTH],
  [
    'a connection that ends too soon',
    postStream(
      (async function* () {
        yield Buffer.from('{')
        throw new Error('aborted')
      })(),
    ),
    400,
    'The connection ended before the body did.',
    'Send the request again, whole.',
  ],
  [
    'a connection that ends too soon, after as much as is allowed',
    postStream(
      (async function* () {
        yield Buffer.from(json(credentials).padEnd(8192))
        throw new Error('aborted')
      })(),
    ),
    400,
    'The connection ended before the body did.',
    'Send the request again, whole.',
  ],
  [
    'more than is allowed, in a stream that does not like to be left',
    postStream(
      (async function* () {
        try {
          for (;;) yield Buffer.alloc(1024)
        } finally {
          await Promise.reject(new Error('aborted'))
        }
      })(),
    ),
    413,
    TOO_LARGE,
    ONLY,
  ],
  // Basic.
  ['Basic and the body', post(json(credentials), { ...JSON_TYPE, ...basic }), 400, TWICE, ONCE],
  ['Basic and a password', post(json({ password: PASSWORD }), { ...JSON_TYPE, ...basic }), 400, TWICE, ONCE],
  [
    'Basic without a colon',
    post('', basicOf(PASSWORD)),
    400,
    'The credentials in the Authorization header have no colon between them.',
    HOW_BASIC,
  ],
  ['Basic without anything', post('', { authorization: 'Basic' }), 400, NO_BASE64, HOW_BASIC],
  ['Basic that is not base64', post('', { authorization: `Basic ${PASSWORD}:!` }), 400, NO_BASE64, HOW_BASIC],
  [
    'Basic twice',
    post('', { authorization: `${basic.authorization}, ${basic.authorization}` }),
    400,
    NO_BASE64,
    HOW_BASIC,
  ],
  ['Basic in Latin-1', post('', basicOf(Buffer.from('ü:x', 'latin1'))), 400, BASIC_NOT_UTF_8, BASIC_IN_UTF_8],
  [
    'Basic in UTF-16',
    post('', basicOf(utf16(`${USERNAME}:${PASSWORD}`))),
    400,
    BASIC_NOT_UTF_8,
    BASIC_IN_UTF_8,
  ],
  [
    'Basic with an empty password',
    post('', basicOf(`${USERNAME}:`)),
    400,
    'password must not be empty.',
    CORRECT,
  ],
  [
    'Basic with NUL',
    post('', basicOf(`${USERNAME}:x\0`)),
    400,
    'password must not contain control characters.',
    CORRECT,
  ],
])('%s: it is refused', async (_, request, status, description, remedy) => {
  const error = await readTokenRequest(request).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(BrokerError)
  const response = errorResponseOf(error as BrokerError, 'id')
  expect(response).toEqual({
    status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="entra-token-broker", charset="UTF-8"' }),
      ...(status === 405 && { Allow: 'POST' }),
    },
    jsonBody: { error: 'invalid_request', description, remedy, retryable: false, correlation_id: 'id' },
  })
  const { logDetail } = (error as BrokerError).details
  for (const secret of [USERNAME, PASSWORD, 'xxxx']) expect(json([response, logDetail])).not.toContain(secret)
})

test('past 8 KiB nothing more is read, and the stream is told', async () => {
  let given = 0
  let isCancelled = false
  const endless = async function* () {
    try {
      for (;;) {
        given += 1024
        yield Buffer.alloc(1024)
      }
    } finally {
      isCancelled = true
    }
  }
  await expect(readTokenRequest(postStream(endless()))).rejects.toMatchObject({ code: 'request_too_large' })
  // The ninth piece passes the limit; a tenth may be on its way.
  expect(given).toBeLessThanOrEqual(10 * 1024)
  expect(isCancelled).toBe(true)
})

test('whatever the body, there is a request or an error of ours', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.uint8Array(),
        fc.record({ username: fc.anything(), password: fc.string(), client: fc.anything() }).map(json),
      ),
      fc.constantFrom<Record<string, string>>({}, basic),
      async (body, headers) => {
        const outcome = await readTokenRequest(post(body, { ...JSON_TYPE, ...headers })).catch(
          (thrown: unknown) => thrown,
        )
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(BrokerError)
      },
    ),
    { numRuns: 500 },
  )
})
