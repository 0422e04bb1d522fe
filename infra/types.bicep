// The shapes of the template's parameters, checked by the compiler and by the portal.

@export()
@description('The broker\'s own app settings, by their names. What is left out takes the broker\'s default. Times are in seconds.')
@sealed()
type BrokerSettings = {
  @description('A token with less than this left is refreshed before it is served. Default 600.')
  @minValue(0)
  @maxValue(3000)
  REFRESH_THRESHOLD: int?

  @description('How long a password that Entra ID accepted is believed without asking again. Default 86400.')
  @minValue(0)
  @maxValue(7776000)
  PASSWORD_MAX_AGE: int?

  @description('Time limit of one call to Entra ID. Default 10.')
  @minValue(1)
  @maxValue(60)
  IDENTITY_PROVIDER_TIMEOUT: int?

  @description('Time limit of one call to Key Vault or to Storage. Default 3.')
  @minValue(1)
  @maxValue(30)
  STORAGE_TIMEOUT: int?

  @description('Time limit of one request. Default 20.')
  @minValue(1)
  @maxValue(110)
  REQUEST_DEADLINE: int?

  @description('An entry that nobody asked for in this time is dropped instead of refreshed. Default 604800, 7 days.')
  @minValue(7200)
  @maxValue(7776000)
  IDLE_EVICTION: int?

  @description('How long the refresh token of a connection that nobody asks for is kept alive. Default 15552000, 180 days.')
  @minValue(86400)
  @maxValue(315360000)
  CONNECTION_IDLE_RENEWAL: int?

  @description('How many entries one instance refreshes at a time. Default 32.')
  @minValue(1)
  @maxValue(256)
  REFRESH_CONCURRENCY: int?

  @description('A sweep with more due entries than this hands them to the queue, for other instances to share. Default 1000.')
  @minValue(1)
  @maxValue(10000000)
  REFRESH_FANOUT_ABOVE: int?

  @description('How many different wrong passwords of one user Entra ID is asked about in REFUSAL_WINDOW. Default 3; 1 in Azure Government, where three lock an account.')
  @minValue(1)
  @maxValue(9)
  MAX_REFUSED_PASSWORDS: int?

  @description('How long a wrong password holds its place. Default 600.')
  @minValue(60)
  @maxValue(7200)
  REFUSAL_WINDOW: int?

  @description('When the timer runs: NCRONTAB with seconds, UTC. At least every 5 minutes, or the alert on its silence fires. Default every minute.')
  REFRESH_SCHEDULE: string?

  @description('The address of the broker as callers know it: https:// and a host alone. The issuer of its OAuth metadata, and where people connect. Default: the host name of the app.')
  PUBLIC_URL: string?

  @description('Proxy for Entra ID, Key Vault, tables and queue: http://host:port. With a password in it, a Key Vault reference. The Functions host reads it too. Default none.')
  HTTPS_PROXY: string?

  @description('Hosts that are reached without the proxy, separated by commas: whole names, or endings that begin with a dot. Default none.')
  NO_PROXY: string?

  @description('File in the package with the certificate of a private authority, e.g. of a device that inspects TLS: /home/site/wwwroot/ca.pem. Default none.')
  NODE_EXTRA_CA_CERTS: string?
}

@export()
@description('How far the app scales out, and what stays warm.')
@sealed()
type Scale = {
  @description('Memory of an instance. Default 512: the broker is small, and an instance is billed by its memory.')
  instanceMemoryMB: (512 | 2048 | 4096)?

  @description('Upper bound of on-demand instances of each function group: HTTP, the timer and the queue are three. A burst of HTTP calls is seen to exceed it for a moment (azure-functions-host #11790), so it bounds the cost and nothing else. Default 40, the least the plan is sure to accept.')
  @minValue(40)
  @maxValue(1000)
  maximumInstanceCount: int?

  @description('Concurrent HTTP requests an instance takes before another is started. Default 16.')
  @minValue(1)
  @maxValue(1000)
  httpPerInstanceConcurrency: int?

  @description('Instances kept running, billed by the second whether they are called or not. Default none: a first call after a pause waits for an instance to start. With zoneRedundant there are two of each group whatever is said here. Names: http, function:refreshtokens, function:refreshchunk.')
  alwaysReady: AlwaysReady[]?
}

@export()
@sealed()
type AlwaysReady = {
  @description('A scale group: http, or function:<name> for a function that is not HTTP-triggered.')
  name: 'http' | 'function:refreshtokens' | 'function:refreshchunk'
  @minValue(1)
  instanceCount: int
}

@export()
@description('App Service authentication in front of the broker: callers bring an Entra ID token beside the function key. It takes the header Authorization, so user name and password must come in the body. Without clientId: off.')
@sealed()
type EasyAuth = {
  @description('Client id of an existing app registration that stands for the broker. Callers ask for api://<client id>/.default.')
  @minLength(36)
  @maxLength(36)
  clientId: string?

  @description('Client ids that may call, e.g. those of the callers\' managed identities. Needed with clientId.')
  @minLength(1)
  allowedApplications: string[]?

  @description('Tenant that issues the callers\' tokens. Default: the tenant of the deployment.')
  tenantId: string?
}

@export()
@description('A virtual network of the app\'s own, private endpoints for storage and vault.')
@sealed()
type Network = {
  @description('Private network with private endpoints. Storage and vault are then closed to the Internet. Default false.')
  vnetEnabled: bool?

  @description('A NAT gateway, so that Entra ID sees one address. Conditional Access can then name it. Needs vnetEnabled. Default false.')
  fixedOutboundIp: bool?

  @description('Address space of the network, /24 or larger. Default 10.77.0.0/24.')
  addressPrefix: string?

  @description('With vnetEnabled: address ranges that may reach the vault from outside, for whoever writes secrets. CIDR.')
  operatorIpRanges: string[]?

  @description('When not empty, only these address ranges may call the broker. CIDR.')
  callerIpRanges: string[]?
}

@export()
@description('Who is told, and what is kept.')
@sealed()
type Monitoring = {
  @description('Receivers of the alerts. Default none: alerts show in the portal only.')
  alertEmails: string[]?

  @description('Whether the alerts are on. Each has a price a month. Default true.')
  alerts: bool?

  @description('Days that logs are kept. Default 30.')
  @minValue(30)
  @maxValue(730)
  retentionInDays: int?

  @description('Upper bound of logs a day, in GB. Default 1: a flood cannot cost more. Reaching it silences every alert but two until the next day.')
  @minValue(1)
  dailyQuotaInGb: int?

  @description('Asks GET /health from three places on Earth every 15 minutes. Billed by the run. Default false.')
  availabilityTest: bool?

  @description('Keeps a line for every storage operation. Costs about as much as the broker\'s own logs. Default false.')
  storageLogs: bool?
}

@export()
@description('Tags of every resource.')
type Tags = {
  *: string
}
