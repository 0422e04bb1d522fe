import { expect, test } from '@jest/globals'
import { readableLineOf } from '../../local/process/log-line.ts'

const NOW = new Date(2026, 0, 2, 3, 4, 5).getTime()

test.each([
  [
    'a request',
    '{"event":"token_request","client":"default","userHash":"abcdefghijkl","action":"retrieved new token","source":"identity_provider","status":200,"durationMs":63,"correlationId":"12345678-9012"}',
    '03:04:05  token request  200  retrieved new token  client=default  source=identity_provider  user=abcdefgh  63 ms  id=12345678',
  ],
  [
    'a sweep',
    '{"event":"refresh_sweep","due":2,"failed":{"held_back":1}}',
    '03:04:05  refresh sweep  due=2  failed={"held_back":1}',
  ],
  ['what is no structured line', 'Error: { broken', 'Error: { broken'],
  ['JSON without an event', '{"a":1}', '{"a":1}'],
])('%s', (_, line, shown) => {
  expect(readableLineOf(line, NOW)).toBe(shown)
})
