import { expect, test } from '@jest/globals'
import { AADSTS_CODES } from '../../src/adapters/msal/aadsts-codes.ts'
import { BrokerError } from '../../src/core/broker-error.ts'
import {
  connectRemedyOf,
  remedyOf,
  UNKNOWN_CODE_DESCRIPTION,
  unknownCodeRemedy,
} from '../../src/http/aadsts-remedies.ts'
import { errorResponseOf } from '../../src/http/error-response.ts'

// prettier-ignore
const REMEDIES: readonly (readonly [aadsts: number, words: string])[] = [
  [16000, 'one of another tenant'],
  [16003, 'one of another tenant'],
  [28002, 'resource or scope in the client profile'],
  [28003, 'resource or scope in the client profile'],
  [50000, 'open a support ticket'],
  [50001, 'resource or scope in the client profile'],
  [50002, 'Tenant restrictions of the network'],
  [50003, 'claims mapping'],
  [50005, 'compliant or registered device'],
  [50007, 'signing key or claims mapping'],
  [50010, 'signing key or claims mapping'],
  [50012, 'refuses the certificate'],
  [50014, 'one of another tenant'],
  [50015, 'minor'],
  [50020, 'one of another tenant'],
  [50027, 'refuses the certificate'],
  [50029, 'request itself not valid'],
  [50042, 'claims mapping'],
  [50043, 'claims mapping'],
  [50048, 'refuses the certificate'],
  [50049, 'host of authority'],
  [50053, 'address known for attacks'],
  [50055, 'has expired. Sign in once'],
  [50057, 'administrator of the tenant to enable it'],
  [50072, 'and then use it'],
  [50074, 'must use multi-factor'],
  [50011, 'redirect URIs of the app registration'],
  [50076, 'must use multi-factor'],
  [54005, 'Begin it again'],
  [500112, 'Begin it again'],
  [501481, 'Begin it again'],
  [50078, 'must use multi-factor'],
  [50079, 'and then use it'],
  [50086, 'must use multi-factor'],
  [50087, 'must use multi-factor'],
  [50088, 'must use multi-factor'],
  [50097, 'compliant or registered device'],
  [50100, 'claims mapping'],
  [50101, 'claims mapping'],
  [50102, 'claims mapping'],
  [50103, 'claims mapping'],
  [50105, 'not assigned to the application'],
  [50108, 'claims mapping'],
  [50109, 'claims mapping'],
  [50111, 'claims mapping'],
  [50120, 'refuses the certificate'],
  [50123, 'claims mapping'],
  [50124, 'claims mapping'],
  [50125, 'register for password reset'],
  [50127, 'approved or protected apps'],
  [50129, 'compliant or registered device'],
  [50131, 'Conditional Access blocks'],
  [50135, 'must be changed'],
  [50137, 'must be changed'],
  [50142, 'must be changed'],
  [50144, 'expired in Active Directory'],
  [50146, 'claims mapping'],
  [50155, 'compliant or registered device'],
  [50158, 'step on another page'],
  [50159, 'step on another page'],
  [50161, 'step on another page'],
  [50162, 'claims mapping'],
  [50163, 'claims mapping'],
  [50165, 'claims mapping'],
  [50166, 'step on another page'],
  [50169, 'request itself not valid'],
  [50170, 'step on another page'],
  [50172, 'step on another page'],
  [50176, 'step on another page'],
  [50177, 'policy asks guests'],
  [50178, 'policy asks guests'],
  [50187, 'compliant or registered device'],
  [50194, 'single-tenant'],
  [50196, 'asked about this account too often'],
  [53000, 'compliant or registered device'],
  [53001, 'compliant or registered device'],
  [53002, 'approved or protected apps'],
  [53003, 'Conditional Access blocks'],
  [53004, 'looked risky'],
  [53005, 'approved or protected apps'],
  [53009, 'approved or protected apps'],
  [53010, 'certain places or devices'],
  [53011, 'risky users'],
  [54000, 'minor'],
  [65001, 'grant admin consent to the application'],
  [65002, 'of a Microsoft application'],
  [65004, 'grant admin consent to the application'],
  [65005, 'under API permissions'],
  [70001, 'compare clientId and tenant'],
  [70002, 'valid client secret or certificate'],
  [70003, 'takes no passwords at this authority'],
  [70011, 'resource or scope in the client profile'],
  [70012, 'a fault of its own'],
  [80001, 'agent or Active Directory does not answer'],
  [80002, 'agent or Active Directory does not answer'],
  [80005, 'agent or Active Directory does not answer'],
  [80007, 'agent or Active Directory does not answer'],
  [80010, 'cannot decrypt passwords'],
  [80012, 'logon hours'],
  [80013, 'time synchronization'],
  [80014, 'agent or Active Directory does not answer'],
  [90002, 'The tenant in the client profile does not exist'],
  [90004, 'request itself not valid'],
  [90008, 'grant admin consent to the application'],
  [90009, 'token for itself'],
  [90010, 'is common or consumers'],
  [90014, 'request itself not valid'],
  [90023, 'request itself not valid'],
  [90027, 'is common or consumers'],
  [90036, 'open a support ticket'],
  [90038, 'login.microsoftonline.us'],
  [90043, 'login.microsoftonline.us'],
  [90051, 'login.microsoftonline.us'],
  [90056, 'a proxy on the way'],
  [90072, 'ImmutableID'],
  [90084, 'one of another tenant'],
  [90092, 'open a support ticket'],
  [90093, 'grant admin consent to the application'],
  [90094, 'grant admin consent to the application'],
  [90095, 'grant admin consent to the application'],
  [90099, 'grant admin consent to the application'],
  [90100, 'request itself not valid'],
  [90102, 'resource or scope in the client profile'],
  [90107, 'request itself not valid'],
  [90112, 'not a GUID'],
  [90117, 'request itself not valid'],
  [90121, 'request itself not valid'],
  [90123, 'identity provider of the account'],
  [90124, 'is common or consumers'],
  [90130, 'is common or consumers'],
  [135011, 'compliant or registered device'],
  [500011, 'resource or scope in the client profile'],
  [500014, 'its subscription has ended'],
  [500021, 'Tenant restrictions of the network'],
  [500022, 'Tenant restrictions of the network'],
  [500121, 'must use multi-factor'],
  [500200, 'a guest, a personal account'],
  [500207, 'one of another tenant'],
  [500208, 'one of another tenant'],
  [500212, 'own tenant do not let it out'],
  [500213, 'do not let the account in'],
  [500571, 'guest account is disabled'],
  [501241, 'signing key or claims mapping'],
  [501461, 'claims mapping'],
  [501621, 'claims mapping'],
  [501631, 'claims mapping'],
  [501632, 'claims mapping'],
  [530002, 'compliant or registered device'],
  [530003, 'compliant or registered device'],
  [530004, 'compliant or registered device'],
  [530021, 'approved or protected apps'],
  [530032, 'Conditional Access blocks'],
  [530034, 'risky users'],
  [530035, 'Security defaults'],
  [530084, 'Token protection'],
  [650052, 'no enterprise application'],
  [650053, 'resource or scope in the client profile'],
  [650054, 'resource or scope in the client profile'],
  [650056, 'under API permissions'],
  [650057, 'under API permissions'],
  [650059, 'single-tenant'],
  [700003, 'compliant or registered device'],
  [700011, 'compare clientId and tenant'],
  [700016, 'compare clientId and tenant'],
  [700020, 'Sign in once in a browser with this account'],
  [700021, 'refuses the certificate'],
  [700022, 'resource or scope in the client profile'],
  [700023, 'resource or scope in the client profile'],
  [700024, 'clock of the broker'],
  [700025, 'is a public client'],
  [700027, 'refuses the certificate'],
  [700030, 'refuses the certificate'],
  [900021, 'The tenant in the client profile does not exist'],
  [900023, 'The tenant in the client profile does not exist'],
  [900144, 'request itself not valid'],
  [900382, 'login.microsoftonline.us'],
  [900432, 'login.microsoftonline.us'],
  [900439, 'login.microsoftonline.us'],
  [900440, 'login.microsoftonline.us'],
  [900561, 'a proxy on the way'],
  [1000031, 'cannot be used at this time'],
  [1000104, 'another cloud'],
  [1000502, 'refuses the certificate'],
  [5000224, 'Microsoft has blocked the tenant'],
  [1002012, 'resource or scope in the client profile'],
  [7000112, 'disabled in the tenant. Ask an administrator to enable'],
  [7000213, 'refuses the certificate'],
  [7000214, 'refuses the certificate'],
  [7000215, 'valid client secret or certificate'],
  [7000216, 'valid client secret or certificate'],
  [7000218, 'Allow public client flows is off'],
  [7000222, 'valid client secret or certificate'],
  [7000229, 'no enterprise application'],
  [7000274, 'refuses the certificate'],
  [7000277, 'refuses the certificate'],
  [9001023, 'is common or consumers'],
  [9002326, 'single-page'],
  [9002327, 'single-page'],
  [9002331, 'personal accounts alone'],
  [9002332, 'is common or consumers'],
  [9002341, 'Sign in once in a browser with this account'],
  [9002346, 'personal accounts alone'],
]

test.each(REMEDIES)('the remedy of AADSTS%i says "%s"', (aadsts, words) => {
  const remedy = remedyOf(aadsts)
  expect(remedy).toContain(words)
  expect(remedy).toMatch(/^[^{}]{20,250}\.$/)
})

/** One answer for all of them, whether the user exists or not. */
test.each([
  50034, 50052, 50056, 50059, 50064, 50126, 50128, 50197, 51004, 80004, 90013, 90019, 90022, 90101, 90125,
  90126, 500341,
])('AADSTS%i has no remedy that would tell who exists', (aadsts) => {
  expect(remedyOf(aadsts)).toBeUndefined()
})

test.each([50033, 90006, 90012, 90024, 90033, 90055, 90090, 90091, 230109])(
  'AADSTS%i passes, and the answer for every passing fault is all there is to say',
  (aadsts) => {
    expect(remedyOf(aadsts)).toBeUndefined()
  },
)

test('each code that somebody must act upon has a remedy of its own', () => {
  const toActUpon = AADSTS_CODES.filter(
    ({ category }) => !['invalid_credentials', 'temporarily_unavailable', 'dead_grant'].includes(category),
  ).flatMap(({ codes }) => codes)
  expect(toActUpon).toHaveLength(190)
  expect(toActUpon.filter((aadsts) => remedyOf(aadsts) === undefined)).toEqual([])
})

test('where a person can sign in again, nobody is to be exempted from anything', () => {
  const remedies = AADSTS_CODES.flatMap(({ codes }) => codes).map(connectRemedyOf)
  expect(remedies.filter((remedy) => remedy?.includes('exempt'))).toEqual([])
  expect([50076, 50079, 53000, 53003].map(connectRemedyOf)).toEqual([
    'Connect it again: sign in at its address and do what Entra ID asks for, from a device and a place that the policy allows.',
    'Connect it again: sign in at its address and do what Entra ID asks for, from a device and a place that the policy allows.',
    'Connect it again: sign in at its address and do what Entra ID asks for, from a device and a place that the policy allows.',
    'Conditional Access blocks this sign-in. Ask an administrator to look for the correlation_id in the sign-in log and to adapt the policy.',
  ])
  expect([50057, 123456].map(connectRemedyOf)).toEqual([
    'The account is disabled. Ask an administrator of the tenant to enable it.',
    undefined,
  ])
})

test('invalid credentials name what a federated domain needs', () => {
  expect(errorResponseOf(new BrokerError('invalid_credentials'), 'c0ffee').jsonBody).toEqual({
    error: 'invalid_credentials',
    description: 'Entra ID did not accept this user name and password.',
    remedy:
      'Check both; a reset may take minutes. Repeating the call unchanged can lock the account. Federated domains need password hash sync and the Home Realm Discovery policy AllowCloudPasswordValidation, or a cloud-only account (…onmicrosoft.com).',
    retryable: false,
    correlation_id: 'c0ffee',
  })
})

test('a remedy of its own replaces that of the category', () => {
  expect(
    errorResponseOf(new BrokerError('policy_blocked', { aadsts: 80012 }), 'c0ffee').jsonBody,
  ).toMatchObject({
    remedy:
      'Active Directory does not let the account sign in at this hour. Call within its logon hours, or ask an administrator to extend them.',
  })
})

test('a code that is not known is named, with where to look it up, and nothing is guessed', () => {
  expect(remedyOf(123456)).toBeUndefined()
  expect(UNKNOWN_CODE_DESCRIPTION).toBe('Entra ID refused this sign-in with a code that is not known here.')
  expect(unknownCodeRemedy(123456)).toBe(
    'AADSTS123456 is not known here. Look it up at https://login.microsoftonline.com/error?code=123456, and ask an administrator for the correlation_id in the sign-in log of Entra ID.',
  )
})
