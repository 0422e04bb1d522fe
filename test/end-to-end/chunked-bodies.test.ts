import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { PASSWORD, startBroker, USERNAME, type Answer, type TestBroker } from '../support/broker.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())

const JSON_TYPE = { 'content-type': 'application/json' }
const BASIC = { authorization: `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}` }

/** `fetch` sends a stream in chunks, without a Content-Length. */
function postChunks(chunks: Iterable<string>, headers: Record<string, string>): Promise<Answer> {
  const body = ReadableStream.from([...chunks].map((chunk) => Buffer.from(chunk)))
  return broker.call('/requesttoken', { method: 'POST', headers, body, duplex: 'half' })
}

test('a chunked body is as good as any', async () => {
  const { status, json } = await postChunks(
    [`{"username":"${USERNAME}",`, `"password":"${PASSWORD}"}`],
    JSON_TYPE,
  )
  expect([status, json['action']]).toEqual([200, 'retrieved new token'])
})

test('beside Basic the profile that a chunked body names is looked for, not taken for the default one', async () => {
  const { status, json } = await postChunks(['{"client":', '"nosuch"}'], { ...JSON_TYPE, ...BASIC })
  expect([status, json]).toEqual([
    400,
    {
      error: 'unknown_client',
      description: 'There is no client profile of this name.',
      remedy: 'Check the field client, or leave it out to use the default profile.',
      retryable: false,
      correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ])
})

test('more than 8 KiB in chunks is refused', async () => {
  const { status, json } = await postChunks(
    Array.from({ length: 9 }, () => 'x'.repeat(1024)),
    JSON_TYPE,
  )
  expect([status, json]).toEqual([
    413,
    {
      error: 'invalid_request',
      description: 'The body is larger than 8 KiB.',
      remedy: 'Send nothing but the credentials: {"username": "user@contoso.com", "password": "…"}.',
      retryable: false,
      correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ])
})
