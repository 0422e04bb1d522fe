import { expect, test } from '@jest/globals'
import { doctorJsonOf } from '../../src/http/doctor-response.ts'

test.each([
  ['unavailable', /^It gave no answer that helps\./],
  ['misconfigured', /^detail names the setting, the secret or the field\./],
  ['problem', /^Service goes on with what was good before\./],
  [
    'unreachable',
    /^ENOTFOUND and EAI_AGAIN: DNS\..*NODE_EXTRA_CA_CERTS\. status_407: the proxy wants a password/,
  ],
  ['registration_refused', /^Entra ID does not let the application in\./],
  ['clock_differs', /^The machine's clock and Entra ID's differ/],
  ['lags', /^Entries have been due for so long\./],
  ['needs_mfa', /^Entra ID asks everybody for a second factor/],
] as const)('%s has a cure', (kind, remedy) => {
  expect(doctorJsonOf([{ check: 'c', status: 'failed', kind, detail: 'd' }])).toEqual({
    ok: false,
    checks: [
      { check: 'c', status: 'failed', finding: kind, detail: 'd', remedy: expect.stringMatching(remedy) },
    ],
  })
})

test('what works, and what was not tried, has none, and a warning is no failure', () => {
  expect(
    doctorJsonOf([
      { check: 'a', status: 'ok', kind: 'works' },
      { check: 'b', status: 'not_tried', kind: 'not_tried' },
      { check: 'c', status: 'warning', kind: 'lags' },
    ]),
  ).toStrictEqual({
    ok: true,
    checks: [
      { check: 'a', status: 'ok', finding: 'works' },
      { check: 'b', status: 'not_tried', finding: 'not_tried' },
      { check: 'c', status: 'warning', finding: 'lags', remedy: expect.any(String) },
    ],
  })
})

test("the code's own cure goes before the general one", () => {
  const cureOf = (aadsts: number) =>
    doctorJsonOf([{ check: 'registration', status: 'failed', kind: 'registration_refused', aadsts }])
      .checks[0]
  expect(cureOf(7000218)).toMatchObject({
    aadsts: 7000218,
    remedy: expect.stringMatching(/^Allow public client flows/),
  })
  expect(cureOf(1)).toMatchObject({ aadsts: 1, remedy: expect.stringMatching(/^Entra ID does not let/) })
})

test('one failure among what works is a failure', () => {
  const found = doctorJsonOf([
    { check: 'a', status: 'ok', kind: 'works' },
    { check: 'b', status: 'failed', kind: 'unavailable' },
  ])
  expect(found.ok).toBe(false)
})
