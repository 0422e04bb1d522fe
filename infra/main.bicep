// The token broker in one resource group of its own. Written for `azd up`; runs as any subscription deployment.
targetScope = 'subscription'

import { BrokerSettings, EasyAuth, Monitoring, Network, Scale } from 'types.bicep'

@description('Name of the environment. Names of resources derive from it.')
@minLength(1)
@maxLength(48)
param environmentName string

@description('Region of every resource. It must offer Flex Consumption: az functionapp list-flexconsumption-locations.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Resource group. Default: rg-<environment>.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Object id of whoever may write the vault\'s secrets: the one who deploys. Empty: nobody is given the right.')
param principalId string = deployer().objectId

@description('What principalId is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

@description('The broker\'s own settings. Empty: its defaults.')
param brokerSettings BrokerSettings = {}

@description('Size of an instance, bounds of scaling, instances kept warm.')
param scale Scale = {}

@description('Spreads plan and storage over the zones of the region. The platform then keeps two always-ready instances of each function group, and bills them: HTTP, the timer and the queue make six. Decide before the first deployment: the storage accounts take a conversion of their own later.')
param zoneRedundant bool = false

@description('Whether the account with the tables can be deleted. Turn it on with the first connection: connections are kept nowhere else. azd down then asks for the lock to be taken away first.')
param lockData bool = false

@description('Private network, fixed outbound address, address filters.')
param network Network = {}

@description('Alerts, retention and what is logged.')
param monitoring Monitoring = {}

@description('App Service authentication in front of the broker. Empty: the function key alone guards it.')
param easyAuth EasyAuth = {}

@description('Purge protection of the vault. Once on it cannot be turned off. Turn it off for throw-away environments only.')
param purgeProtection bool = true

@description('Set to recover when the vault of an earlier deployment of this name waits in the recycle bin.')
@allowed(['default', 'recover'])
param vaultCreateMode string = 'default'

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, application: 'entra-token-broker' }
var vnetEnabled = network.?vnetEnabled ?? false
// Names are fixed here, not asked of the modules: what-if can then show what a deployment would change.
var names = {
  identity: 'id-${token}'
  hostStorage: 'sthost${token}'
  dataStorage: 'stdata${token}'
  vault: 'kv-${token}'
  workspace: 'log-${token}'
  applicationInsights: 'appi-${token}'
}
// The names in src/storage-names.ts.
var tableNames = ['tokencache', 'refreshdue', 'refusals', 'activity', 'connections']
// The host moves a message that failed too often to <queue>-poison.
var queueNames = ['refreshchunk', 'refreshchunk-poison']

resource group 'Microsoft.Resources/resourceGroups@2023-07-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module logs 'modules/logs.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    applicationInsightsName: names.applicationInsights
    location: location
    tags: tags
    settings: monitoring
  }
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: tags }
}

module hostStorage 'modules/host-storage.bicep' = {
  scope: group
  params: {
    name: names.hostStorage
    location: location
    tags: tags
    zoneRedundant: zoneRedundant
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    logWorkspaceName: (monitoring.?storageLogs ?? false) ? names.workspace : null
  }
  dependsOn: [logs]
}

module dataStorage 'modules/data-storage.bicep' = {
  scope: group
  params: {
    name: names.dataStorage
    tableNames: tableNames
    isLocked: lockData
    queueNames: queueNames
    location: location
    tags: tags
    zoneRedundant: zoneRedundant
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    logWorkspaceName: (monitoring.?storageLogs ?? false) ? names.workspace : null
  }
  dependsOn: [logs]
}

module vault 'modules/key-vault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
    createMode: vaultCreateMode
    purgeProtection: purgeProtection
    closed: vnetEnabled
    operatorIpRanges: network.?operatorIpRanges ?? []
    workspaceName: names.workspace
  }
  dependsOn: [logs]
}

module access 'modules/access.bicep' = {
  scope: group
  params: {
    hostStorageName: names.hostStorage
    dataStorageName: names.dataStorage
    tableNames: tableNames
    queueNames: queueNames
    vaultName: names.vault
    applicationInsightsName: names.applicationInsights
    identityName: names.identity
    brokerPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
    operatorPrincipalType: principalType
  }
  dependsOn: [dataStorage, hostStorage, logs, vault]
}

module privateNetwork 'modules/network.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    addressPrefix: network.?addressPrefix ?? '10.77.0.0/24'
    fixedOutboundIp: network.?fixedOutboundIp ?? false
    hostStorageId: hostStorage.outputs.id
    dataStorageId: dataStorage.outputs.id
    vaultId: vault.outputs.id
  }
}

module broker 'modules/function-app.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    scale: scale
    zoneRedundant: zoneRedundant
    brokerSettings: brokerSettings
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    applicationInsightsName: names.applicationInsights
    hostStorageName: names.hostStorage
    packageContainerName: hostStorage.outputs.packageContainerName
    dataStorageName: names.dataStorage
    vaultName: names.vault
    subnetId: privateNetwork.?outputs.appSubnetId
    callerIpRanges: network.?callerIpRanges ?? []
    easyAuth: easyAuth
  }
  // The app reads all of them when it starts: a right that comes later is a failed start.
  dependsOn: [access]
}

module watch 'modules/alerts.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    emails: monitoring.?alertEmails ?? []
    alertsEnabled: monitoring.?alerts ?? true
    applicationInsightsName: names.applicationInsights
    workspaceName: names.workspace
    availabilityTest: monitoring.?availabilityTest ?? false
    healthUrl: '${broker.outputs.url}/health'
  }
  dependsOn: [logs]
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    applicationInsightsName: names.applicationInsights
    workspaceName: names.workspace
  }
  dependsOn: [logs]
}

output ARM_ENDPOINT string = environment().resourceManager
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = broker.outputs.name
output BROKER_URL string = broker.outputs.url
output BROKER_PRINCIPAL_ID string = identity.outputs.principalId
output BROKER_OUTBOUND_IP string = privateNetwork.?outputs.outboundIp ?? ''
output KEY_VAULT_NAME string = names.vault
output KEY_VAULT_URL string = 'https://${names.vault}${environment().suffixes.keyvaultDns}'
output DATA_STORAGE_ACCOUNT string = names.dataStorage
output APPLICATION_INSIGHTS_NAME string = names.applicationInsights
