const MFA =
  'The account must use multi-factor authentication, which this sign-in cannot do. Ask an administrator to exempt it in Conditional Access, or use another account.'
const MFA_REGISTRATION =
  'The account must register for multi-factor authentication, and then use it, which this sign-in cannot do. Ask an administrator to exempt it from both in Conditional Access, or use another account.'
const DEVICE =
  'A policy asks for a managed, compliant or registered device. Ask an administrator to exempt the account from it for this application.'
const APPROVED_APP =
  'A policy allows approved or protected apps alone. Ask an administrator to exempt the account from it for this application.'
const EXTERNAL_CHECK =
  'A policy asks for a step on another page (an outside provider, a custom control, terms of use), which this sign-in cannot do. Ask an administrator to exempt the account from it.'
const CONDITIONAL_ACCESS =
  'Conditional Access blocks this sign-in. Ask an administrator to look for the correlation_id in the sign-in log and to adapt the policy.'
const RISK =
  'The sign-in or the account looks risky. Ask an administrator to review the account under risky users in Entra ID Protection.'
const GUEST =
  'The account is a guest, a personal account or one of another tenant. Use a work account of the tenant itself, such as a cloud-only one (…onmicrosoft.com).'
const GUEST_POLICY =
  'A policy asks guests for something that does not work for them. Use an account of the tenant itself.'
const ONLY_IN_A_BROWSER =
  'Entra ID wants to ask the user something. Sign in once in a browser with this account and this application, and answer it.'
const NEW_PASSWORD =
  'The password must be changed. Sign in once in a browser, set a new one, and put it into the flow.'
const TENANT_RESTRICTIONS =
  "Tenant restrictions of the network that the broker calls from do not allow this tenant. Ask that network's administrator to add it."
const ADMIN_CONSENT = 'Ask an administrator to grant admin consent to the application in the tenant.'
const SERVICE_PRINCIPAL =
  'The application, or the API that it calls, has no enterprise application in the tenant. Ask an administrator to add it there by granting admin consent.'

const CLIENT_ID =
  'The application is not known in the tenant. Ask whoever runs the broker to compare clientId and tenant in the client profile with the app registration.'
const DISABLED_APPLICATION =
  'The application is disabled in the tenant. Ask an administrator to enable it under Enterprise applications.'
const SINGLE_TENANT =
  'The application is single-tenant. Ask whoever runs the broker to name its tenant in the client profile, not organizations or another one.'
const PERSONAL_ONLY =
  'The app registration is for personal accounts alone, whose passwords Entra ID refuses here. Change its supported account types to work or school accounts.'
const SECRET =
  'Ask whoever runs the broker to put a valid client secret or certificate into the client profile.'
const CERTIFICATE =
  'Entra ID refuses the certificate. Ask whoever runs the broker to upload the one of the client profile to the app registration, or to renew it.'
const RESOURCE =
  'The resource or scope in the client profile is not known in the tenant. Ask whoever runs the broker to correct it.'
const API_PERMISSION =
  'The app registration does not list the resource under API permissions. Add it there and grant admin consent.'
const TENANT = 'The tenant in the client profile does not exist. Ask whoever runs the broker to correct it.'
const ONE_TENANT =
  'The tenant in the client profile is common or consumers, where passwords are refused. Name one tenant, or organizations.'
const NATIONAL_CLOUD =
  "The tenant is in another national cloud. Set authority in the client profile to that cloud's host: login.microsoftonline.us (US Government), login.partner.microsoftonline.cn (China) or login.microsoftonline.com."
const TOKEN_CONFIGURATION =
  "Entra ID cannot make the token: its signing key or claims mapping is not right. Ask the owner of the resource's app registration to correct it."
const REQUEST =
  'Entra ID calls the request itself not valid. Ask whoever runs the broker to look for the correlation_id in the sign-in log of Entra ID, which says what it dislikes.'

const AGENT_OUT_OF_REACH =
  'The on-premises authentication agent or Active Directory does not answer. Try again later; if it stays so, ask an administrator to look at the agent.'
const ENTRA_FAULT =
  'Entra ID has a fault of its own. Try again later; if it stays so, ask an administrator to open a support ticket with the correlation_id.'

/** What a maker or an administrator does about a code, where more can be said than for its whole category. */
const REMEDIES: readonly (readonly [remedy: string, ...codes: number[]])[] = [
  [
    'Stop every flow with an old password, wait, then try the right one. If it stays locked, ask an administrator for the failure reason in the sign-in log: an address known for attacks gets this code too.',
    50053,
  ],

  // Passwords. Codes of invalid credentials have no remedy of their own: it would tell who exists.
  ['The password has expired. Sign in once in a browser, set a new one, and put it into the flow.', 50055],
  ['The password has expired in Active Directory. Set a new one there, and put it into the flow.', 50144],
  ['The account must register for password reset. Sign in once in a browser and do that.', 50125],
  [NEW_PASSWORD, 50135, 50137, 50142],

  // Accounts
  ['The account is disabled. Ask an administrator of the tenant to enable it.', 50057],
  ['The guest account is disabled. Use an account of the tenant itself.', 500571],
  [
    'The account is not assigned to the application. Ask an administrator to assign it under Enterprise applications.',
    50105,
  ],
  [GUEST, 16000, 16003, 50014, 50020, 90084, 500200, 500207, 500208],
  [
    'The account is a guest or of another tenant: use one of the tenant itself. If it is one, ask an administrator whether its source anchor (ImmutableID) matches Active Directory.',
    90072,
  ],

  // Interaction
  [MFA, 50074, 50076, 50078, 50086, 50087, 50088, 500121],
  [MFA_REGISTRATION, 50072, 50079],
  [
    'The account must register for multi-factor authentication first, because its sign-in looked risky. Ask an administrator to review it under risky users, and to exempt it.',
    53004,
  ],
  [
    'The account may register for multi-factor authentication from certain places or devices alone. Ask an administrator to exempt it from multi-factor authentication, or use another account.',
    53010,
  ],
  [EXTERNAL_CHECK, 50158, 50159, 50161, 50166, 50170, 50172, 50176],
  [DEVICE, 50005, 50097, 50129, 50155, 50187, 53000, 53001, 135011, 530002, 530003, 530004, 700003],
  [APPROVED_APP, 50127, 53002, 53005, 53009, 530021],
  [RISK, 53011, 530034],
  [ONLY_IN_A_BROWSER, 700020, 9002341],
  [
    'The account counts as a minor without consent. Ask an administrator to correct its age group and consent, or use another account.',
    50015,
    54000,
  ],

  // Policies
  [CONDITIONAL_ACCESS, 50131, 53003, 530032],
  [
    'Security defaults block this sign-in, and exempt nobody. Ask an administrator to replace them by Conditional Access policies that exempt this account.',
    530035,
  ],
  [
    'Token protection asks for a token bound to a device, which this sign-in cannot get. Ask an administrator to exempt the account from that policy.',
    530084,
  ],
  [
    'Active Directory does not let the account sign in at this hour. Call within its logon hours, or ask an administrator to extend them.',
    80012,
  ],
  [GUEST_POLICY, 50177, 50178],
  [
    "The cross-tenant access settings of the account's own tenant do not let it out. Use an account of the tenant itself.",
    500212,
  ],
  [
    'The cross-tenant access settings of the tenant do not let the account in. Use an account of the tenant itself.',
    500213,
  ],
  [
    'The tenant of the account does not allow access to another cloud. Use an account of the tenant itself.',
    1000104,
  ],
  ['The identity provider of the account refused it. Ask an administrator of the account.', 90123],
  [TENANT_RESTRICTIONS, 50002, 500021, 500022],
  ['Microsoft has blocked the tenant. Ask its administrator to contact Microsoft support.', 5000224],

  // A sign-in in the browser
  ['That sign-in was used before, or is not the one of this browser. Begin it again.', 54005, 500112, 501481],
  [
    'The address of the broker is not among the redirect URIs of the app registration. Add the redirect_uri that GET /connections shows: platform Web for an application with a credential, else Mobile and desktop.',
    50011,
  ],

  // Consent
  [ADMIN_CONSENT, 65001, 65004, 90008, 90093, 90094, 90095, 90099],
  [SERVICE_PRINCIPAL, 650052, 7000229],

  // The application and its credential
  [CLIENT_ID, 70001, 700011, 700016],
  ['The clientId in the client profile is not a GUID. Ask whoever runs the broker to correct it.', 90112],
  [DISABLED_APPLICATION, 7000112],
  [
    'The application cannot be used at this time. Ask an administrator to look for it under Enterprise applications.',
    1000031,
  ],
  [SINGLE_TENANT, 50194, 650059],
  [PERSONAL_ONLY, 9002331, 9002346],
  [
    'Entra ID takes the application for a single-page one. Ask whoever runs the broker to use an app registration without that platform.',
    9002326,
    9002327,
  ],
  [
    'The clientId in the client profile is that of a Microsoft application. Ask whoever runs the broker to register an application of their own.',
    65002,
  ],
  [
    'Entra ID takes no passwords at this authority. Ask whoever runs the broker to name a tenant for work or school accounts in the client profile.',
    70003,
  ],
  [
    'Allow public client flows is off for this app registration, or the client profile lacks a client secret. Turn it on under Authentication in the app registration.',
    7000218,
  ],
  [
    'The application is a public client, but the client profile has a secret or certificate. Remove it from the profile.',
    700025,
  ],
  [SECRET, 70002, 7000215, 7000216, 7000222],
  [CERTIFICATE, 50012, 50027, 50048, 50120, 700021, 700027, 700030, 1000502],
  [CERTIFICATE, 7000213, 7000214, 7000274, 7000277],
  ['The clock of the broker is wrong. Ask whoever runs the broker to set it.', 700024],

  // The resource
  [RESOURCE, 28002, 28003, 50001, 1002012, 70011, 90102, 500011, 650053, 650054, 700022, 700023],
  [
    'The resource is disabled in the tenant, or its subscription has ended. Ask an administrator to enable it under Enterprise applications.',
    500014,
  ],
  [API_PERMISSION, 65005, 650056, 650057],
  [
    'The application asks for a token for itself. Ask whoever runs the broker to name the resource by its GUID in the client profile.',
    90009,
  ],

  // The tenant
  [TENANT, 90002, 900021, 900023],
  [ONE_TENANT, 90010, 90027, 90124, 90130, 9001023, 9002332],
  ['The host of authority in the client profile is not one of Entra ID. Correct it.', 50049],
  [NATIONAL_CLOUD, 90038, 90043, 90051, 900382, 900432, 900439, 900440],

  // The token and the request
  [
    TOKEN_CONFIGURATION,
    50003,
    50007,
    50010,
    50042,
    50043,
    50100,
    50101,
    50102,
    50103,
    50108,
    50109,
    50111,
    50123,
  ],
  [TOKEN_CONFIGURATION, 50124, 50146, 50162, 50163, 50165, 501241, 501461, 501621, 501631, 501632],
  [REQUEST, 50029, 50169, 90004, 90014, 90023, 90100, 90107, 90117, 90121, 900144],
  [
    'What arrived at Entra ID was not sent by the broker so. Ask whoever runs it to look for a proxy on the way that follows redirects or rewrites requests.',
    90056,
    900561,
  ],

  // What passes, or must be repaired on premises
  [
    'The on-premises authentication agent cannot decrypt passwords. Ask an administrator to install and register a new one.',
    80010,
  ],
  [
    'The clocks of the on-premises authentication agent and Active Directory differ. Ask an administrator to repair their time synchronization.',
    80013,
  ],
  [AGENT_OUT_OF_REACH, 80001, 80002, 80005, 80007, 80014],
  [
    'Entra ID was asked about this account too often and wants to be left alone. Let no flow call for it for five minutes.',
    50196,
  ],
  [ENTRA_FAULT, 50000, 70012, 90036, 90092],
]

const REMEDY_BY_CODE: ReadonlyMap<number, string> = new Map(
  REMEDIES.flatMap(([remedy, ...codes]) => codes.map((code) => [code, remedy] as const)),
)

/** @returns undefined where the sentence of the broker's own error is all there is to say. */
export function remedyOf(aadsts: number): string | undefined {
  return REMEDY_BY_CODE.get(aadsts)
}

const CONNECT_AGAIN =
  'Connect it again: sign in at its address and do what Entra ID asks for, from a device and a place that the policy allows.'

/** For a connection with a person, who can do what a password cannot: nobody need be exempted from anything. */
export function connectRemedyOf(aadsts: number): string | undefined {
  const remedy = remedyOf(aadsts)
  return remedy?.includes('exempt') ? CONNECT_AGAIN : remedy
}

/** What happened, when Entra ID gives a code that is not known here. */
export const UNKNOWN_CODE_DESCRIPTION = 'Entra ID refused this sign-in with a code that is not known here.'

/** Names the code, and where it is explained: nothing is guessed. */
export function unknownCodeRemedy(aadsts: number): string {
  return `AADSTS${aadsts} is not known here. Look it up at https://login.microsoftonline.com/error?code=${aadsts}, and ask an administrator for the correlation_id in the sign-in log of Entra ID.`
}
