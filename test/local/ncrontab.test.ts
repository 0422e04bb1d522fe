import { expect, test } from '@jest/globals'
import { parseNcrontab } from '../../local/functions-host/ncrontab.ts'

const after = Date.UTC(2026, 1, 27, 23, 59, 30, 500)

test.each([
  ['0 * * * * *', '2026-02-28T00:00:00.000Z'],
  ['*/20 * * * * *', '2026-02-27T23:59:40.000Z'],
  ['30 59 23 * * *', '2026-02-28T23:59:30.000Z'],
  ['0 5/25 * * * *', '2026-02-28T00:05:00.000Z'],
  ['0 30 9-17/4 * * Mon-Fri', '2026-03-02T09:30:00.000Z'],
  ['0 0 0 29 Feb *', '2028-02-29T00:00:00.000Z'],
  ['0 0 12 13 * Fri', '2026-03-13T12:00:00.000Z'],
  ['0 0 0 29 2 1', '2044-02-29T00:00:00.000Z'],
  ['15,45 10 6 1,15 1 *', '2027-01-01T06:10:15.000Z'],
  ['*/5 * * * *', '2026-02-28T00:00:00.000Z'],
])('%s comes next at %s', (expression, expected) => {
  expect(new Date(parseNcrontab(expression).nextAfter(after)).toISOString()).toBe(expected)
})

test.each([
  ['* * *'],
  ['0 0 0 0 * * *'],
  ['60 * * * * *'],
  ['0 0 9-5 * * *'],
  ['0 */0 * * * *'],
  ['0 0 0 x * *'],
  ['0 0 0 L * *'],
  ['0 0 0 ? * *'],
  ['@daily'],
])('%s is refused', (expression) => {
  expect(() => parseNcrontab(expression)).toThrow(`"${expression}" is not an NCRONTAB schedule`)
})

test('a day that never comes is refused', () => {
  expect(() => parseNcrontab('0 0 0 30 Feb *').nextAfter(after)).toThrow('never comes')
})
