import { afterEach, expect, test } from '@jest/globals'
import { composeOnce } from '../src/composition.ts'
import { createReadyHandler } from '../src/functions/ready.ts'
import { createRequestTokenHandler } from '../src/functions/requesttoken.ts'
import { post } from './support/http-requests.ts'
import { createInvocation } from './support/invocation.ts'

const ENVIRONMENT = {
  KEY_VAULT_URL: 'https://contoso.vault.azure.net',
  TABLE_SERVICE_URL: 'https://contoso.table.core.windows.net',
  DataStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
  REFRESH_SCHEDULE: '0 * * * * *',
}
const CLOCK = { now: () => 0, elapsed: () => 0 }
const http = post('{}')
afterEach(() => {
  delete process.env['AZURE_TOKEN_CREDENTIALS']
})

test('a credential that does not exist is a wrong setting: named, not retryable, its value not told', async () => {
  process.env['AZURE_TOKEN_CREDENTIALS'] = 'Managed-S3cret'
  const composition = composeOnce(ENVIRONMENT, CLOCK)
  const { context, lines } = createInvocation('requesttoken')
  const answer = await createRequestTokenHandler(() => composition().requestToken)(http, context)
  const detail =
    'App settings: AZURE_TOKEN_CREDENTIALS must be prod, dev or the name of one credential, such as ManagedIdentityCredential'
  expect(answer).toMatchObject({ status: 500, jsonBody: { error: 'misconfigured', retryable: false } })
  expect(lines).toMatchObject([['error', { event: 'token_request', error: 'misconfigured', detail }]])
  const ready = await createReadyHandler(async () => composition().checkReadiness())(http, context)
  expect(ready).toMatchObject({
    status: 503,
    jsonBody: { checks: { settings: 'misconfigured' }, problems: [detail] },
  })
  expect(JSON.stringify([answer, ready, lines])).not.toContain('S3cret')
})

test.each(['ManagedIdentityCredential', 'managedidentitycredential', ' prod '])(
  '%j is a credential',
  (name) => {
    process.env['AZURE_TOKEN_CREDENTIALS'] = name
    expect(composeOnce(ENVIRONMENT, CLOCK)).not.toThrow()
  },
)

test('a schedule that the host cannot read is named at every tick and by /ready', () => {
  const { refreshTokens } = composeOnce({ ...ENVIRONMENT, REFRESH_SCHEDULE: '' }, CLOCK)()
  expect(refreshTokens.problemsOf()).toEqual([
    'REFRESH_SCHEDULE is missing: tokens are not refreshed before they are asked for',
  ])
})
