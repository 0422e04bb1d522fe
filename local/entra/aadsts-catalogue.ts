/** What Entra ID says with one AADSTS code. `{braces}` in the text stand for values of the request. */
export interface AadstsEntry {
  /** The OAuth 2.0 error code (RFC 6749, section 5.2, and Microsoft's own). */
  readonly error: string
  readonly status: number
  readonly suberror?: string
  readonly text: string
}

const entry = (error: string, text: string, suberror?: string, status = 400): AadstsEntry => ({
  error,
  status,
  text,
  ...(suberror && { suberror }),
})

const invalidGrant = (text: string, suberror?: string): AadstsEntry => entry('invalid_grant', text, suberror)
const invalidRequest = (text: string): AadstsEntry => entry('invalid_request', text)
const invalidClient = (text: string): AadstsEntry => entry('invalid_client', text, undefined, 401)
const unauthorizedClient = (text: string): AadstsEntry => entry('unauthorized_client', text)
const interaction = (text: string, suberror?: string): AadstsEntry =>
  entry('interaction_required', text, suberror)
const unavailable = (text: string, status = 503): AadstsEntry =>
  entry('temporarily_unavailable', text, undefined, status)

/** Every AADSTS code that the emulator can answer. Texts after https://learn.microsoft.com/entra/identity-platform/reference-error-codes. */
export const aadstsCatalogue: Readonly<Record<number, AadstsEntry>> = {
  // bad credentials
  50126: invalidGrant('Error validating credentials due to invalid username or password.'),
  50034: invalidGrant(
    'The user account {username} does not exist in the {tenant} directory. To sign into this application, the account must be added to the directory.',
    'bad_token',
  ),
  50056: invalidGrant('Invalid or null password: password does not exist in the directory for this user.'),
  50064: invalidGrant('Credential validation has failed for {username}.'),
  51004: invalidGrant('The user account {username} does not exist in the {tenant} directory.'),
  50059: invalidRequest(
    'No tenant-identifying information found in either the request or implied by any provided credentials.',
  ),
  50128: invalidRequest(
    'Invalid domain name - No tenant-identifying information found in either the request or implied by any provided credentials.',
  ),
  500341: invalidGrant(
    'The user account {username} has been deleted from the {tenant} directory. To sign into this application, the account must be added to the directory.',
  ),
  // locked
  50053: invalidGrant(
    "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
  ),
  // password
  50055: invalidGrant('The password is expired.', 'user_password_expired'),
  50144: invalidGrant("The user's Active Directory password has expired.", 'user_password_expired'),
  50125: invalidGrant('Sign-in was interrupted due to a password reset or password registration entry.'),
  50135: invalidGrant('Password change is required due to account risk.'),
  50142: invalidGrant('Password change is required due to a conditional access policy.'),
  // disabled, guest, not assigned
  50057: invalidGrant('The user account is disabled.'),
  50105: invalidGrant(
    "Your administrator has configured the application {clientId} to block users unless they are specifically granted access. The signed in user '{username}' is blocked.",
  ),
  50020: invalidGrant(
    "User account '{username}' from identity provider 'live.com' does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant.",
  ),
  50177: invalidGrant(
    "User account '{username}' from an external identity provider does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant.",
  ),
  90072: invalidGrant(
    "User account '{username}' from identity provider 'live.com' does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant. The account needs to be added as an external user in the tenant first.",
  ),
  500571: invalidGrant('The guest user account is disabled.'),
  // interaction
  16000: interaction(
    'Either multiple user identities are available for the current request or the selected account is not supported for the scenario.',
  ),
  50072: interaction(
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{resource}'.",
    'basic_action',
  ),
  50074: interaction('Strong Authentication is required.', 'basic_action'),
  50076: invalidGrant(
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '{resource}'.",
    'basic_action',
  ),
  50078: interaction(
    "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access '{resource}'.",
    'basic_action',
  ),
  50079: invalidGrant(
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '{resource}'.",
    'basic_action',
  ),
  50097: interaction('Device authentication is required.', 'additional_action'),
  50129: interaction('Device is not workplace joined. Workplace join is required to register the device.'),
  50131: interaction(
    'Device is not in required device state: compliant. Or, the request was blocked due to suspicious activity, access policy, or security policy decisions.',
  ),
  50155: interaction('Device authentication failed for this user.'),
  50158: interaction(
    'External security challenge not satisfied. User will be redirected to another page or authentication provider to satisfy additional authentication challenges.',
    'basic_action',
  ),
  50161: interaction('Failed to validate authorization url of external claims provider.'),
  50187: interaction('The service failed to perform device authentication.'),
  53000: interaction(
    'Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant.',
    'additional_action',
  ),
  53001: interaction(
    'Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device, and the device is not domain joined.',
    'additional_action',
  ),
  53002: interaction('Application used is not an approved application for Conditional Access.'),
  53004: interaction(
    'User needs to complete Multi-factor authentication registration process before accessing this content.',
    'basic_action',
  ),
  53010: interaction(
    'The requested action requires multi-factor authentication to be set up from a specific location or device.',
  ),
  53011: interaction('User blocked due to risk on home tenant.'),
  530003: interaction('Your device is required to be managed to access this resource.'),
  // policy
  53003: invalidGrant(
    'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
    'message_only',
  ),
  530032: invalidGrant(
    "Access to '{resource}' was blocked: the tenant administrator has configured a security policy that blocks this request.",
  ),
  530034: invalidGrant(
    'A delegated administrator was blocked from accessing the tenant due to account risk in their home tenant.',
  ),
  530035: invalidGrant(
    'Access has been blocked by security defaults. This is due to the request using legacy authentication or being deemed unsafe by security defaults policies.',
  ),
  50002: invalidGrant('NotAllowedTenant: sign-in failed because of a restricted proxy access on the tenant.'),
  500021: invalidGrant("Access to '{tenant}' tenant is denied."),
  80012: invalidGrant(
    'The user attempted to sign in outside of the allowed hours (this is specified in Active Directory).',
  ),
  500212: invalidGrant(
    "The user's administrator has set an outbound access policy that does not allow access to the resource tenant.",
  ),
  500213: invalidGrant(
    "The resource tenant's cross-tenant access policy does not allow this user to access this tenant.",
  ),
  // consent
  65001: invalidGrant(
    "The user or administrator has not consented to use the application with ID '{clientId}'. Send an interactive authorization request for this user and resource.",
    'consent_required',
  ),
  65004: invalidGrant('User declined to consent to access the app.'),
  90008: invalidRequest(
    "The user or administrator has not consented to use the application with ID '{clientId}'. This happened because application is misconfigured: it must require access to Windows Azure Active Directory by specifying at least 'Sign in and read user profile' permission.",
  ),
  90094: interaction(
    "An administrator of {tenant} has set a policy that prevents you from granting '{clientId}' the permissions it is requesting.",
  ),
  90095: interaction('Admin consent is required for the permissions requested by this application.'),
  650052: invalidRequest(
    "The app is trying to access a service '{resource}' that your organization '{tenant}' lacks a service principal for.",
  ),
  // dead grant
  50173: invalidGrant(
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '{issuedAt}' and the TokensValidFrom date (before which tokens are not valid) for this user is '{now}'.",
    'bad_token',
  ),
  700082: invalidGrant(
    'The refresh token has expired due to inactivity. The token was issued on {issuedAt} and was inactive for 90.00:00:00.',
    'bad_token',
  ),
  70008: invalidGrant(
    'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
    'bad_token',
  ),
  70000: invalidGrant('Provided grant is invalid or malformed.'),
  70043: invalidGrant(
    'The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on {issuedAt} and the maximum allowed lifetime for this request is 3600.',
    'token_expired',
  ),
  700084: invalidGrant(
    'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page. The token was issued on {issuedAt}.',
    'bad_token',
  ),
  50089: invalidGrant('Authentication failed due to flow token expired.', 'bad_token'),
  50132: invalidGrant(
    'The session is not valid due to password expiration or recent password change.',
    'bad_token',
  ),
  50133: invalidGrant('Session is invalid due to expiration or recent password change.', 'bad_token'),
  9002313: invalidRequest('Invalid request. Request is malformed or invalid.'),
  // configuration
  700016: unauthorizedClient(
    "Application with identifier '{clientId}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  ),
  700011: unauthorizedClient("Application with identifier '{clientId}' was not found in the directory."),
  70001: unauthorizedClient(
    "Application with identifier '{clientId}' was not found in the directory '{tenant}'.",
  ),
  70002: invalidClient('Error validating credentials. The client credentials are missing or invalid.'),
  7000112: unauthorizedClient("Application '{clientId}' is disabled."),
  7000215: invalidClient(
    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{clientId}'.",
  ),
  7000218: invalidClient(
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  7000222: invalidClient(
    "The provided client secret keys for app '{clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
  ),
  700025: invalidClient(
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  ),
  700027: invalidClient(
    "The certificate with identifier used to sign the client assertion is not registered on application. The thumbprint of the certificate does not match any key registered for app '{clientId}'.",
  ),
  70011: entry(
    'invalid_scope',
    "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid.",
  ),
  700022: invalidRequest(
    "The provided value for the input parameter 'scope' is not valid because it contains more than one resource.",
  ),
  500011: entry(
    'invalid_resource',
    'The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
  ),
  50001: entry(
    'invalid_resource',
    'The resource principal named {resource} was not found in the tenant named {tenant}.',
  ),
  50194: invalidRequest(
    "Application '{clientId}' is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'.",
  ),
  650056: entry(
    'invalid_client',
    "Misconfigured application. This could be due to one of the following: the client has not listed any permissions for '{resource}' in the requested permissions in the client's application registration.",
  ),
  650057: entry(
    'invalid_resource',
    "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: {clientId}. Resource value from request: {resource}.",
  ),
  90002: invalidRequest(
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
  ),
  900144: invalidRequest("The request body must contain the following parameter: '{parameter}'."),
  90023: invalidRequest('Invalid STS request.'),
  9001023: invalidRequest(
    'The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.',
  ),
  50049: invalidRequest('Unknown or invalid instance.'),
  70003: entry('unsupported_grant_type', "The app requested an unsupported grant type '{parameter}'."),
  7000229: invalidClient(
    "The client application '{clientId}' is missing service principal in the tenant '{tenant}'. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119.",
  ),
  500014: entry('invalid_resource', "The service principal for resource '{resource}' is disabled."),
  900023: invalidRequest(
    "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
  ),
  90038: invalidRequest(
    "Confidential Client is not supported in Cross Cloud request: tenant '{tenant}' requires sign in at another cloud instance.",
  ),
  900382: invalidRequest('Confidential Client is not supported in Cross Cloud request.'),
  900432: invalidRequest('Confidential Client is not supported in Cross Cloud request.'),
  900440: invalidRequest("Resource '{resource}' is not available in this cloud instance."),
  // passing
  50033: unavailable('A transient error has occurred. Please try again.'),
  50196: invalidRequest(
    'The server terminated an operation because it encountered a client request loop. Please contact your app vendor.',
  ),
  80001: invalidGrant('The Authentication Agent is unable to connect to Active Directory.'),
  80002: invalidGrant("The Authentication Agent's password validation request timed out."),
  80005: invalidGrant(
    'The Authentication Agent received an unpredictable response while processing the password validation request.',
  ),
  80007: invalidGrant("The Authentication Agent is unable to validate user's password."),
  90006: unavailable('The service is temporarily unavailable. Please retry later.'),
  90012: unavailable('The request has timed out.'),
  90024: unavailable('The request budget was exceeded. A transient error has occurred. Please try again.'),
  90033: unavailable('A transient error has occurred. Please try again.'),
  90055: unavailable('The server terminated an operation because there have been too many requests.', 429),
  80010: invalidGrant('The Authentication Agent is unable to decrypt the password.'),
  80013: invalidGrant(
    'The authentication attempt could not be completed due to time skew between the machine running the authentication agent and Active Directory.',
  ),
  80014: invalidGrant('Validation request responded after the maximum elapsed time exceeded.'),
}
