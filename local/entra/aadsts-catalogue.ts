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
  50052: invalidGrant(
    'The password entered exceeds the maximum length of 256. Please reach out to your admin to reset the password.',
  ),
  50197: invalidGrant('The user could not be found. Try signing in again.'),
  90013: invalidRequest('Invalid input received from the user.'),
  90019: invalidRequest(
    'No tenant-identifying information found in either the request or implied by any provided credentials.',
  ),
  90022: invalidRequest(
    "The principal name format is not valid, or does not meet the expected 'name[/host][@realm]' format.",
  ),
  90101: invalidRequest(
    'The supplied data is not a valid email address. Please provide it in the format someone@example.com.',
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
  50137: invalidGrant('Password needs to be changed due to security policy rule.'),
  // disabled, guest, not assigned
  50057: invalidGrant('The user account is disabled.'),
  50105: invalidGrant(
    "Your administrator has configured the application {clientId} to block users unless they are specifically granted access. The signed in user '{username}' is blocked.",
  ),
  50020: invalidGrant(
    "User account '{username}' from identity provider 'live.com' does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant.",
  ),
  500571: invalidGrant('The guest user account is disabled.'),
  16003: invalidGrant(
    "The user account '{username}' has not been explicitly added to the tenant '{tenant}'.",
  ),
  50014: invalidGrant(
    "The user's redemption is in a pending state. The guest user account is not fully created yet.",
  ),
  90072: invalidGrant(
    "User account '{username}' from identity provider 'live.com' does not exist in tenant '{tenant}' and cannot access the application '{clientId}' in that tenant. The account needs to be added as an external user in the tenant first.",
  ),
  90084: invalidGrant('Guest accounts are not allowed for this site.'),
  500207: invalidGrant("The account type can't be used for the resource you're trying to access."),
  500208: invalidGrant('The domain is not a valid login domain for the account type.'),
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
  50005: interaction(
    'User tried to log in to a device from a platform that is currently not supported through Conditional Access policy.',
  ),
  50015: interaction('The user requires legal age group consent.'),
  50086: interaction('A non-retryable error has occurred during strong authentication.'),
  50087: interaction('A transient error has occurred during strong authentication. Please try again.'),
  50088: interaction('Limit on telecom MFA calls reached. Please try again in a few minutes.'),
  50159: interaction('Claims sent by external provider are not enough.'),
  50166: interaction('Request to External OIDC endpoint failed.'),
  50170: interaction('The external controls mapping is missing.'),
  50172: interaction('External claims provider is not approved.'),
  50176: interaction('Missing definition of external control.'),
  50127: interaction('User needs to install a broker application to gain access to this content.'),
  135011: invalidGrant('Device used during the authentication is disabled.'),
  500121: interaction('Authentication failed during strong authentication request.'),
  530002: invalidGrant('Your device is required to be compliant to access this resource.'),
  530003: invalidGrant('Your device is required to be managed to access this resource.'),
  530004: invalidGrant(
    "AcceptCompliantDevice setting isn't configured for this organization. The administrator needs to configure this setting to allow external user access to protected resources.",
  ),
  700003: invalidGrant("Device object was not found in the tenant '{tenant}' directory."),
  700020: interaction('The access grant requires interaction.'),
  9002341: invalidGrant('The user is required to permit Single Sign-On (SSO).'),
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
  53005: entry(
    'unauthorized_client',
    'Application needs to enforce Intune protection policies.',
    'protection_policy_required',
  ),
  53009: invalidGrant('Application needs to enforce Intune protection policies.'),
  530084: invalidGrant(
    'Access has been blocked by conditional access token protection policy configured by this organization.',
  ),
  50177: invalidGrant('External challenge is not supported for passthrough users.'),
  50178: invalidGrant('Session control is not supported for passthrough users.'),
  54000: invalidGrant('The user is blocked due to a legal age group rule.'),
  80012: invalidGrant('The user attempted to log on outside of the allowed hours (this is specified in AD).'),
  90123: invalidGrant(
    "The token can't be issued because the identity or claim issuance provider denied the request.",
  ),
  500022: invalidGrant("Access to '{tenant}' tenant is denied."),
  500212: invalidGrant(
    "The user's administrator has set an outbound access policy that does not allow access to the resource tenant.",
  ),
  500213: invalidGrant(
    "The resource tenant's cross-tenant access policy does not allow this user to access this tenant.",
  ),
  1000104: invalidGrant("Resource cloud is not allowed on identity tenant '{tenant}'."),
  5000224: invalidGrant(
    'We are sorry, this resource is not available. If you are seeing this message by mistake, please contact Microsoft support.',
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
  90093: invalidGrant(
    "'{clientId}' is requesting one or more permissions that you are not authorized to grant. Contact an administrator, who can consent to this application on your behalf.",
  ),
  90099: invalidGrant(
    "The application '{clientId}' has not been authorized in the tenant '{tenant}'. Applications must be authorized to access the external tenant before partner delegated administrators can use them.",
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
  50085: invalidGrant(
    'The refresh token needs social IDP login. Have user try signing-in again with username and password.',
    'bad_token',
  ),
  70044: invalidGrant(
    'The session has expired or is invalid due to sign-in frequency checks by conditional access.',
    'token_expired',
  ),
  700081: invalidGrant(
    'The refresh token has expired due to maximum lifetime. The token was issued on {issuedAt} and the maximum allowed lifetime for this application is 90.00:00:00.',
    'bad_token',
  ),
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
  // the application and its credential
  65002: invalidRequest(
    "Consent between first party application '{clientId}' and first party resource '{resource}' must be configured via preauthorization.",
  ),
  90009: invalidRequest(
    "Application '{clientId}' is requesting a token for itself. This scenario is supported only if resource is specified using the GUID based App Identifier.",
  ),
  90112: invalidRequest('Application identifier is expected to be a GUID.'),
  650059: unauthorizedClient(
    "The application '{clientId}' is not configured for use in the tenant. The value 'AzureADMyOrg' set for application property 'signInAudience' is limiting its use in the tenant.",
  ),
  1000031: invalidRequest(
    "Application '{clientId}' cannot be accessed at this time. Contact your administrator.",
  ),
  7000229: invalidClient(
    "The client application '{clientId}' is missing service principal in the tenant '{tenant}'. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119.",
  ),
  54005: invalidGrant(
    'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  ),
  500112: invalidGrant(
    'The reply address does not match the reply address provided when requesting Authorization code.',
  ),
  501481: invalidGrant(
    'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ),
  50011: invalidRequest(
    "The redirect URI '{parameter}' specified in the request does not match the redirect URIs configured for the application '{clientId}'.",
  ),
  700054: invalidRequest("response_type 'id_token' is not enabled for the application."),
  1002012: invalidRequest(
    'The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  ),
  9002326: invalidRequest(
    "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
  ),
  9002327: invalidRequest(
    "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
  ),
  9002331: invalidRequest(
    "Application '{clientId}' is configured for use by Microsoft Account users only. Please use the /consumers endpoint to serve this request.",
  ),
  9002346: invalidRequest(
    "Application '{clientId}' is configured for use by Microsoft Account users only. Please use the /consumers endpoint to serve this request.",
  ),
  50012: invalidClient('Authentication failed.'),
  50027: invalidClient('JWT token is invalid or malformed.'),
  50048: invalidClient('Subject must match Issuer claim in the client assertion.'),
  50120: invalidClient('Unknown credential type, issue with the JWT header.'),
  700021: invalidClient("Client assertion application identifier doesn't match 'client_id' parameter."),
  700024: invalidClient('Client assertion is not within its valid time range.'),
  700030: invalidClient('Invalid certificate - subject name in certificate is not authorized.'),
  1000502: invalidClient('The provided certificate is not within its specified validity window.'),
  7000213: invalidClient('Invalid certificate chain.'),
  7000214: invalidClient('Certificate has been revoked.'),
  7000216: invalidClient("'client_assertion', 'client_secret' or 'request' is required for this grant type."),
  7000274: invalidClient('Client assertion contains an invalid signature.'),
  7000277: invalidClient('The certificate was revoked.'),
  // the resource
  28002: entry(
    'invalid_scope',
    "Provided value for the input parameter scope '{resource}' is not valid when requesting an access token. Please specify a valid scope.",
  ),
  28003: entry(
    'invalid_scope',
    "Provided value for the input parameter scope can't be empty when requesting an access token. Please specify a valid scope.",
  ),
  65005: entry(
    'invalid_resource',
    'Misconfigured application. The app required resource access list does not contain apps discoverable by the resource.',
  ),
  90102: invalidRequest("'resource' value must be a valid absolute URI."),
  500014: entry(
    'invalid_resource',
    "The service principal for resource '{resource}' is disabled. This indicates that a subscription within the tenant has lapsed, or that an administrator for this tenant has disabled the application's service principal, preventing tokens from being issued for it.",
  ),
  650053: entry(
    'invalid_scope',
    "The application '{clientId}' asked for a scope that doesn't exist on the resource '{resource}'. Contact the app vendor.",
  ),
  650054: entry(
    'invalid_resource',
    "The application '{clientId}' asked for permissions to access a resource that has been removed or is no longer available.",
  ),
  700023: entry(
    'invalid_scope',
    "The provided value for the input parameter 'scope' is not valid when requesting an access token.",
  ),
  // the tenant
  90010: invalidRequest(
    'The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.',
  ),
  90027: invalidRequest('We are unable to issue tokens from this API version on the MSA tenant.'),
  90124: invalidRequest(
    "The resource '{resource}' is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
  ),
  90130: invalidRequest(
    "The application '{clientId}' is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
  ),
  900021: invalidRequest(
    "Requested tenant identifier '{tenant}' is not valid. Tenant identifiers may not be an empty GUID.",
  ),
  900023: invalidRequest(
    "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
  ),
  9002332: invalidRequest(
    "Application '{clientId}' is configured for use by Azure Active Directory users only. Please do not use the /consumers endpoint to serve this request.",
  ),
  90038: invalidRequest(
    "Specified tenant '{tenant}' belongs to another National Cloud. Current cloud instance does not federate with it.",
  ),
  90043: invalidRequest('NationalCloudAuthCodeRedirection: the feature is disabled.'),
  90051: invalidRequest('Invalid national Cloud ID.'),
  900382: invalidRequest('Confidential Client is not supported in Cross Cloud request.'),
  900432: invalidRequest('Confidential Client is not supported in Cross Cloud request.'),
  900439: invalidRequest(
    'USGClientNotSupportedOnPublicEndpoint: a US Government client is not supported on the public endpoint.',
  ),
  900440: invalidRequest(
    'PublicTenantNotSupportedOnUSGovEndpoint: a public tenant is not supported on the US Government endpoint.',
  ),
  // the token
  50003: invalidRequest('No signing key is configured.'),
  50042: invalidRequest('The salt required to generate a pairwise identifier is missing in principal.'),
  50043: invalidRequest('Unable to generate a pairwise identifier: there are multiple salts.'),
  50100: invalidRequest('There was an error transforming the claims for the token.'),
  50101: invalidRequest('Unknown claims transformer was specified for the principal.'),
  50102: invalidRequest('Unable to load the custom claims transformer that was specified for the principal.'),
  50103: invalidRequest('There was an error transforming the claims for the token.'),
  50108: invalidRequest('Claims transformation configuration could not be retrieved.'),
  50109: invalidRequest('Claim transformation is unknown from configuration.'),
  50111: invalidRequest('Unknown claim transformation was asked to be applied.'),
  50123: invalidRequest('Unknown claims transformation method was specified for the principal.'),
  50124: invalidRequest(
    'Invalid regular expression configured for claims transformation for this application.',
  ),
  50146: invalidRequest(
    'This application is required to be configured with an application-specific signing key. It is either not configured with one, or the key has expired or is not yet valid.',
  ),
  50165: invalidRequest(
    "The token encrypting algorithm requested by the application isn't supported for this type of token. This indicates the application is misconfigured.",
  ),
  50163: invalidRequest(
    'Regular expression replacement for claims transformation has resulted in a claim which exceeds the size limit.',
  ),
  501461: invalidRequest(
    "AcceptMappedClaims is only supported for a token audience matching the application GUID or an audience within the tenant's verified domains.",
  ),
  501631: invalidRequest(
    'Regular expression replacement for claims transformation results in too many replacements in the input sourceClaim.',
  ),
  501632: invalidRequest(
    'Regular expression replacement for claims transformation has too many substitution parameters in the replacement input parameter.',
  ),
  // the request
  50029: invalidRequest('Invalid URI - domain name contains invalid characters.'),
  90004: invalidRequest('The request is not properly formatted.'),
  90014: invalidRequest(
    "The required field '{parameter}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.",
  ),
  90100: invalidRequest('username parameter is empty or not valid.'),
  90107: invalidRequest('The request is not valid. Make sure your data does not have invalid characters.'),
  90117: invalidRequest('Invalid request input.'),
  90121: invalidRequest('Invalid empty request.'),
  // on premises
  80010: invalidGrant('The Authentication Agent is unable to decrypt password.'),
  80013: invalidGrant(
    'The authentication attempt could not be completed due to time skew between the machine running the authentication agent and AD.',
  ),
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
  80014: invalidGrant('The validation request responded after maximum elapsed time exceeded.'),
  50000: unavailable('There was an error issuing a token or an issue with our sign-in service.'),
  50162: invalidRequest('Claims transformation has timed out. A retry of the request may succeed.'),
  501621: invalidRequest(
    'Regular expression replacement for claims transformation has timed out. A retry of the request may succeed.',
  ),
  90036: unavailable('An unexpected, non-retryable error stemming from the directory service has occurred.'),
  90090: unavailable('The service is temporarily unavailable. Please retry later.'),
  90091: unavailable('The directory service is unreachable.'),
  90092: unavailable('The directory service failed in a way that is not retryable.'),
  90006: unavailable('The service is temporarily unavailable. Please retry later.'),
  90012: unavailable('The request has timed out.'),
  90024: unavailable('The request budget was exceeded. A transient error has occurred. Please try again.'),
  90033: unavailable('A transient error has occurred. Please try again.'),
  90055: unavailable('The server terminated an operation because there have been too many requests.', 429),

  // rare
  80004: invalidGrant('The user name passed to the Authentication Agent was not valid.'),
  90125: invalidRequest("The user isn't in the system. Make sure you entered the user name correctly."),
  90126: invalidRequest("The user type isn't supported on this endpoint."),
  500200: invalidGrant(
    "User account '{username}' is a personal Microsoft account. Personal Microsoft accounts are not supported for this application unless explicitly invited to an organization.",
  ),
  530021: invalidGrant('Application does not meet the conditional access approved app requirements.'),
  50007: invalidRequest("The partner encryption certificate wasn't found for this app."),
  50010: invalidRequest(
    'Audience URI validation for the app failed since no token audiences were configured.',
  ),
  90056: invalidRequest('The resource is disabled, or the request was not sent with POST.'),
  900561: invalidRequest('The endpoint only accepts POST requests. Received a GET request.'),
  50169: invalidRequest("The realm isn't a configured realm of the current service namespace."),
  501241: invalidRequest('Mandatory input is missing from a claims transformation.'),
  70012: unavailable('A server error occurred while authenticating an MSA (consumer) user. Try again.'),
  230109: unavailable('Backup Auth Service only allows AuthN requests from Microsoft Entra Gateway.'),
  50139: invalidGrant('The session is invalid due to a missing external refresh token.'),
}
