import type { FailureCategory, FailureScope } from '../../core/provider/provider-failure.ts'

export interface AadstsMeaning {
  readonly category: FailureCategory
  readonly scope: FailureScope
}

/**
 * AADSTS codes by meaning.
 * Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Codes may change, so what is
 * not listed falls back to the HTTP status and the OAuth error.
 */
const CODES: Readonly<Record<string, readonly number[]>> = {
  invalid_credentials: [50126, 50034, 50056, 50064, 51004, 50059, 50128],
  account_locked: [50053],
  password_change_required: [50055, 50144, 50125, 50135, 50142],
  account_disabled: [50057, 50105, 50020],
  interaction_required: [
    16000, 50072, 50074, 50076, 50078, 50079, 50097, 50129, 50131, 50155, 50158, 50161, 50187, 53000, 53001,
    53002, 53004, 53010, 53011,
  ],
  policy_blocked: [53003, 530032, 530034, 530035, 50002, 500021],
  consent_required: [65001, 65004, 90008, 90094, 90095, 650052],
  dead_grant: [50173, 700082, 70008, 70000, 70043, 700084, 50089, 50132, 50133, 9002313],
  misconfigured: [
    700016, 700011, 70001, 70002, 7000112, 7000215, 7000218, 7000222, 700025, 700027, 70011, 700022, 500011,
    50001, 50194, 650056, 650057, 90002, 900144, 90023, 9001023, 50049,
  ],
  temporarily_unavailable: [50033, 50196, 80001, 80002, 80005, 80007, 90006, 90012, 90024, 90033, 90055],
}

const MEANINGS = new Map<number, AadstsMeaning>(
  Object.entries(CODES).flatMap(([category, codes]) =>
    codes.map((code) => [
      code,
      {
        category: category as FailureCategory,
        scope:
          category === 'misconfigured'
            ? 'profile'
            : category !== 'temporarily_unavailable'
              ? 'account'
              : code >= 80000 && code < 81000
                ? 'on_premises'
                : 'service',
      },
    ]),
  ),
)

export function meaningOfAadsts(code: number): AadstsMeaning | undefined {
  return MEANINGS.get(code)
}
