import { expect, test } from '@jest/globals'
import { BrokerError } from '../../src/core/broker-error.ts'
import { audited, type Audited } from '../../src/functions/audited.ts'
import { post } from '../support/http-requests.ts'
import { createInvocation, INVOCATION_ID } from '../support/invocation.ts'

const SECRET = 'canary-Password-1'

/** @returns the status of the answer, and the lines with their levels. */
async function run(act: () => Promise<Audited>, resolveCaller = async () => 'operator') {
  const { context, lines } = createInvocation('tokens')
  const handler = audited('find', () => ({ resolveCaller }), act)
  const { status } = (await handler(post(''), context)) ?? {}
  return { status, lines }
}
const lineOf = (fields: object) => ({
  event: 'operator_action',
  action: 'find',
  caller: 'operator',
  ...fields,
  correlationId: INVOCATION_ID,
})

test('what was done is for information: who did it to whom', async () => {
  expect(await run(async () => ({ response: { jsonBody: {} }, fields: { userHash: 'hash' } }))).toEqual({
    status: undefined,
    lines: [['information', lineOf({ userHash: 'hash', status: 200 })]],
  })
})

test('an answer that tells of an error is logged as one', async () => {
  expect(await run(async () => ({ response: { status: 200 }, fields: { error: 'not_ready' } }))).toEqual({
    status: 200,
    lines: [['error', lineOf({ error: 'not_ready', status: 200 })]],
  })
})

test.each([
  [
    'the operator’s own mistake is for information',
    new BrokerError('unknown_client'),
    { status: 400, lines: [['information', lineOf({ error: 'unknown_client', status: 400 })]] },
  ],
  [
    'a fault of ours is an error',
    new BrokerError('temporarily_unavailable', { logDetail: 'RestError 403', entryKey: 'hash' }),
    {
      status: 503,
      lines: [
        [
          'error',
          lineOf({
            error: 'temporarily_unavailable',
            detail: 'RestError 403',
            userHash: 'hash',
            status: 503,
          }),
        ],
      ],
    },
  ],
])('%s', async (_, error, expected) => {
  expect(await run(() => Promise.reject(error))).toEqual(expected)
})

test('a fault that nobody foresaw is an error, by its class alone, even before it is known who asks', async () => {
  const { status, lines } = await run(
    () => Promise.reject(new Error('never asked')),
    () => Promise.reject(new TypeError(SECRET)),
  )
  const { caller: _, ...line } = lineOf({ error: 'internal_error', detail: 'TypeError', status: 500 })
  expect([status, lines]).toEqual([500, [['error', line]]])
})
