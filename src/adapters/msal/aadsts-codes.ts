import type { FailureCategory, FailureScope } from '../../core/provider/provider-failure.ts'

export interface AadstsMeaning {
  readonly category: FailureCategory
  readonly scope: FailureScope
}

interface AadstsGroup extends AadstsMeaning {
  readonly codes: readonly number[]
}

const of = (category: FailureCategory, scope: FailureScope, codes: readonly number[]): AadstsGroup => ({
  category,
  scope,
  codes,
})

/**
 * The codes that Entra ID can answer to a password or a refresh grant; each stands once.
 * Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, and what others have met. Codes of
 * the device code, federation, SAML, passkey and Kerberos protocols are left out. Microsoft may change codes: any other is `undefined`.
 */
export const AADSTS_CODES: readonly AadstsGroup[] = [
  // The user does not exist (or no longer), has no such password, or cannot be found from the name.
  of('invalid_credentials', 'account', [50034, 50052, 50056, 50059, 50064, 50126, 50128, 50197, 51004]),
  of('invalid_credentials', 'account', [80004, 90013, 90019, 90022, 90101, 90125, 90126, 500341]),
  of('account_locked', 'account', [50053]),
  of('password_change_required', 'account', [50055, 50125, 50135, 50137, 50142, 50144]),

  // Disabled, not assigned to the application.
  of('account_disabled', 'account', [50057, 50105, 500571]),
  // A guest, a personal account, or one of another tenant.
  of('account_disabled', 'account', [16003, 50014, 50020, 90072, 90084, 500200, 500207, 500208]),

  // Another account must be chosen, or a screen be answered.
  of('interaction_required', 'account', [16000, 50015, 700020, 9002341]),
  // Multi-factor authentication, or registration for it.
  // A code was used before, or is another sign-in's.
  of('interaction_required', 'account', [54005, 500112, 501481]),
  of('interaction_required', 'account', [50072, 50074, 50076, 50078, 50079, 50086, 50087]),
  of('interaction_required', 'account', [50088, 53004, 53010, 500121]),
  // An outside provider, custom control or terms of use.
  of('interaction_required', 'account', [50158, 50159, 50161, 50166, 50170, 50172, 50176]),
  // A managed, compliant or registered device; an approved app.
  of('interaction_required', 'account', [50005, 50097, 50127, 50129, 50155, 50187, 53000, 53001, 53002]),
  of('interaction_required', 'account', [135011, 530002, 530003, 530004, 530021, 700003]),
  // Risk.
  of('interaction_required', 'account', [50131, 53011]),

  // Conditional Access, security defaults, token and app protection.
  of('policy_blocked', 'account', [53003, 53005, 53009, 530032, 530034, 530035, 530084]),
  // Cross-tenant access settings; policies that do not work for guests.
  of('policy_blocked', 'account', [50177, 50178, 500212, 500213, 1000104]),
  // Active Directory's logon hours, a legal age, the account's own identity provider.
  of('policy_blocked', 'account', [54000, 80012, 90123]),
  // The whole tenant is denied: by tenant restrictions of our network, or by Microsoft.
  of('policy_blocked', 'profile', [50002, 500021, 500022, 5000224]),

  // Some users may have consented for themselves.
  of('consent_required', 'account', [65001, 65004, 90008, 90093, 90094, 90095]),
  of('consent_required', 'profile', [90099, 650052]),

  // The application: unknown, disabled, not for this tenant, not allowed to do this.
  of('misconfigured', 'profile', [50194, 65002, 70001, 70003, 90009, 90112, 650059, 700011, 700016]),
  of('misconfigured', 'profile', [1000031, 7000112, 7000229, 9002326, 9002327, 9002331, 9002346]),
  // Its secret or certificate: missing, wrong, expired, or not wanted.
  of('misconfigured', 'profile', [70002, 700025, 7000215, 7000216, 7000218, 7000222]),
  of('misconfigured', 'profile', [50012, 50027, 50048, 50120, 700021, 700024, 700027, 700030]),
  of('misconfigured', 'profile', [1000502, 7000213, 7000214, 7000274, 7000277]),
  // The resource or scope.
  of('misconfigured', 'profile', [28002, 28003, 50001, 65005, 50011, 70011, 90102, 500011, 500014]),
  of('misconfigured', 'profile', [650053, 650054, 650056, 650057, 700022, 700023, 1002012]),
  // The tenant, or an endpoint for no tenant.
  of(
    'misconfigured',
    'profile',
    [50049, 90002, 90010, 90027, 90124, 90130, 900021, 900023, 9001023, 9002332],
  ),
  // The tenant of the profile lies in another national cloud …
  of('misconfigured', 'profile', [90038, 90043, 90051, 900382, 900432]),
  // … or that of the user, whom an authority for all organizations lets a caller choose.
  of('misconfigured', 'account', [900439, 900440]),
  // The keys and claims of the token.
  of('misconfigured', 'profile', [50003, 50042, 50043, 50101, 50102, 50108, 50109, 50111, 50123, 50124]),
  of('misconfigured', 'profile', [50007, 50010, 50146, 50165, 501461, 501632]),
  // Claims that are made of the account's own attributes.
  of('misconfigured', 'account', [50100, 50103, 50163, 501241, 501631]),
  // The request. Nothing in it changes from call to call but the user name and the password.
  of('misconfigured', 'profile', [90056, 900144, 900561]),
  of('misconfigured', 'account', [50029, 50169, 90004, 90014, 90023, 90100, 90107, 90117, 90121]),

  // The agent cannot decrypt passwords, or its clock is wrong: nothing but a repair helps.
  of('misconfigured', 'on_premises', [80010, 80013]),
  // The agent or Active Directory is slow or out of reach. Whether the password was tried there is not known.
  of('temporarily_unavailable', 'on_premises', [80001, 80002, 80005, 80007, 80014]),

  of('temporarily_unavailable', 'service', [50000, 50033, 90006, 90012, 90024, 90033, 90036, 90055]),
  of('temporarily_unavailable', 'service', [90090, 90091, 90092, 230109]),
  // A client loop: the same question about the same user too often. It passes when the user is left alone for minutes,
  // is made worse by each try, and says nothing about other users.
  of('temporarily_unavailable', 'account', [50196]),
  // Claims that took too long to make; a server that knows personal accounts.
  of('temporarily_unavailable', 'account', [50162, 70012, 501621]),

  // Expired, revoked, malformed, or from before a password change or a sign-in frequency.
  of('dead_grant', 'account', [50085, 50089, 50132, 50133, 50139, 50173, 70000, 70008, 70043, 70044]),
  of('dead_grant', 'account', [700081, 700082, 700084, 9002313]),
]

const MEANINGS: ReadonlyMap<number, AadstsMeaning> = new Map(
  AADSTS_CODES.flatMap(({ category, scope, codes }) =>
    codes.map((code) => [code, { category, scope }] as const),
  ),
)

/** @returns undefined for a code that is not known here. */
export function aadstsMeaningOf(aadsts: number): AadstsMeaning | undefined {
  return MEANINGS.get(aadsts)
}
