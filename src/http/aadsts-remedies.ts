const MFA =
  'The account must use multi-factor authentication, which this sign-in cannot do. Ask an administrator to exempt it in Conditional Access, or use another account.'
const DEVICE =
  'A policy asks for a managed or compliant device. Ask an administrator to exempt the account for this application.'
const SECRET =
  'Ask whoever runs the broker to put a valid client secret or certificate into the client profile.'
const CLIENT_ID =
  'The application is not known in the tenant. Ask whoever runs the broker to compare clientId and tenant in the client profile with the app registration.'
const TENANT = 'The tenant in the client profile does not exist. Ask whoever runs the broker to correct it.'
const RESOURCE =
  'The resource or scope in the client profile is not known in the tenant. Ask whoever runs the broker to correct it.'
const SERVICE_PRINCIPAL_CONSENT =
  'Ask an administrator to grant admin consent to the application in the tenant.'

/** What a maker or an administrator does about one AADSTS code, where more can be said than for the whole category. */
export const AADSTS_REMEDIES: ReadonlyMap<number, string> = new Map([
  [
    7000218,
    'Allow public client flows is off for this app registration, or the client profile lacks a client secret. Turn it on under Authentication in the app registration.',
  ],
  [7000215, SECRET],
  [7000222, SECRET],
  [
    700025,
    'The application is a public client, but the client profile has a secret or certificate. Remove it from the profile.',
  ],
  [700027, SECRET],
  [
    7000112,
    'The application is disabled in the tenant. Ask an administrator to enable it under Enterprise applications.',
  ],
  [700016, CLIENT_ID],
  [700011, CLIENT_ID],
  [70001, CLIENT_ID],
  [90002, TENANT],
  [90023, TENANT],
  [
    9001023,
    'The tenant in the client profile is common or consumers, where passwords are refused. Name one tenant, or organizations.',
  ],
  [500011, RESOURCE],
  [50001, RESOURCE],
  [70011, RESOURCE],
  [700022, RESOURCE],
  [
    650057,
    'The app registration does not list the resource under API permissions. Add it there and grant admin consent.',
  ],
  [650056, SERVICE_PRINCIPAL_CONSENT],
  [50194, 'The application is single-tenant. Name its tenant in the client profile, not organizations.'],
  [50074, MFA],
  [50076, MFA],
  [50079, MFA],
  [
    50072,
    'The account must register for multi-factor authentication. Sign in once in a browser, or ask an administrator to exempt it.',
  ],
  [50158, MFA],
  [50078, MFA],
  [50097, DEVICE],
  [50129, DEVICE],
  [53000, DEVICE],
  [53001, DEVICE],
  [
    53002,
    'A policy allows approved apps alone. Ask an administrator to exempt the account for this application.',
  ],
  [
    53003,
    'Conditional Access blocks this sign-in. Ask an administrator to look for the correlation_id in the sign-in log and to adapt the policy.',
  ],
  [
    53004,
    'The account must register for multi-factor authentication first, because its sign-in looked risky. Ask an administrator.',
  ],
  [50057, 'The account is disabled. Ask an administrator of the tenant to enable it.'],
  [
    50105,
    'The account is not assigned to the application. Ask an administrator to assign it under Enterprise applications.',
  ],
  [50020, 'The account is a guest or personal account. Use an account of the tenant itself.'],
  [50055, 'The password has expired. Sign in once in a browser, set a new one, and put it into the flow.'],
  [65001, SERVICE_PRINCIPAL_CONSENT],
  [90094, SERVICE_PRINCIPAL_CONSENT],
])
