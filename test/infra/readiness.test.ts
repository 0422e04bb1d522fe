import { expect, test } from '@jest/globals'
import { waitUntilReady } from '../../infra/hooks/readiness.ts'
import { createResourceManager } from '../../infra/hooks/resource-manager.ts'

const KEY = 'f-k3y'
const KEYS = { functionKeys: { default: KEY } }
const READY = { status: 'ready', checks: {} }
const NOT_READY = { status: 'not ready', checks: { key_vault: 'misconfigured' } }

/** An app whose keys and readiness are these, one answer a call; the last one again and again. Time passes in delays alone. */
function appOf(keys: readonly [number, object][], readiness: readonly ([number, object] | Error)[]) {
  const calls: string[] = []
  const said: string[] = []
  const hidden: string[] = []
  let elapsedInMs = 0
  const next = <T>(answers: readonly T[], path: string) => {
    const count = calls.filter((call) => call.includes(path)).length
    return answers[Math.min(count, answers.length) - 1]
  }
  const fetch = async (url: string, { method = 'GET', headers }: RequestInit) => {
    const sent = new Headers(headers)
    calls.push(`${method} ${url} ${sent.get('authorization') ?? sent.get('x-functions-key')}`)
    const answer = url.includes('listkeys') ? next(keys, 'listkeys') : next(readiness, '/ready')
    if (answer instanceof Error) throw answer
    return Response.json(answer?.[1], { status: answer?.[0] ?? 500 })
  }
  const isReady = waitUntilReady({
    resourceManager: createResourceManager({
      fetch,
      endpoint: 'https://management.azure.com',
      credential: {
        getToken: async (scopes) => ({ token: `for ${String(scopes)}`, expiresOnTimestamp: 9e15 }),
      },
    }),
    site: 'subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a',
    brokerUrl: 'https://broker.example',
    fetch,
    hideFromLog: (key) => hidden.push(key),
    say: (line) => said.push(line),
    elapsed: () => elapsedInMs,
    delay: async (timeInMs) => {
      elapsedInMs += timeInMs
    },
  })
  return { isReady, calls, said, hidden, elapsedInMs: () => elapsedInMs }
}

test('the broker is asked with the key of the app, and a broker that is ready is enough', async () => {
  const { isReady, calls, said, hidden } = appOf([[200, KEYS]], [[200, READY]])
  await isReady
  expect({ calls, said, hidden }).toEqual({
    calls: [
      'POST https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/host/default/listkeys?api-version=2023-12-01 Bearer for https://management.azure.com/.default',
      `GET https://broker.example/ready ${KEY}`,
    ],
    said: ['https://broker.example/ready: 200 {"status":"ready","checks":{}}'],
    hidden: [KEY],
  })
})

test('keys, names and rights that are on their way are waited for, and each answer is said once', async () => {
  const noAnswer = new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } })
  const { isReady, said, elapsedInMs } = appOf(
    [
      [503, {}],
      [200, KEYS],
    ],
    [noAnswer, [503, NOT_READY], [503, NOT_READY], [200, READY]],
  )
  await isReady
  expect({ said, elapsedInMs: elapsedInMs() }).toEqual({
    said: [
      'https://broker.example/ready: no function key yet',
      'https://broker.example/ready: no answer (ENOTFOUND)',
      'https://broker.example/ready: 503 {"status":"not ready","checks":{"key_vault":"misconfigured"}}',
      'https://broker.example/ready: 200 {"status":"ready","checks":{}}',
    ],
    elapsedInMs: 40_000,
  })
})

test('after twelve minutes the last answer is the failure, and the key is not in it', async () => {
  const { isReady, said, elapsedInMs } = appOf([[200, KEYS]], [[503, NOT_READY]])
  await expect(isReady).rejects.toThrow(
    'Not ready: 503 {"status":"not ready","checks":{"key_vault":"misconfigured"}}',
  )
  expect([elapsedInMs(), JSON.stringify(said).includes(KEY)]).toEqual([720_000, false])
})

test('who may not read the key is told so at once', async () => {
  const { isReady, elapsedInMs } = appOf([[403, {}]], [[200, READY]])
  await expect(isReady).rejects.toThrow(
    'The key of the app may not be read (HTTP 403): Contributor on it can.',
  )
  expect(elapsedInMs()).toBe(0)
})
