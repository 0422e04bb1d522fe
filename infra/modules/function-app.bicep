// The Flex Consumption plan and the app on it. Settings and rights are all by the broker's identity: there is no key anywhere.
import { BrokerSettings, EasyAuth, Scale, Tags } from '../types.bicep'

@description('Suffix of the names.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Size of an instance and bounds of scaling.')
param scale Scale

@description('Spreads the plan over zones.')
param zoneRedundant bool

@description('The broker\'s own settings.')
param brokerSettings BrokerSettings

@description('The broker\'s identity.')
param identityId string

@description('Its client id, as the SDKs name it.')
param identityClientId string

@description('Where telemetry goes.')
param applicationInsightsName string

@description('The host\'s account.')
param hostStorageName string

@description('Container of the deployed package.')
param packageContainerName string

@description('The broker\'s account.')
param dataStorageName string

@description('The vault.')
param vaultName string

@description('Subnet of the instances. Null: no private network.')
param subnetId string?

@description('Who may call. Empty: anyone with a key.')
param callerIpRanges string[]

@description('App Service authentication. Without a clientId: off.')
param easyAuth EasyAuth

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

// Fixed by the names: what-if can show them.
var blobServiceUrl = 'https://${hostStorageName}.blob.${environment().suffixes.storage}'
var queueServiceUrl = 'https://${dataStorageName}.queue.${environment().suffixes.storage}'
var tableServiceUrl = 'https://${dataStorageName}.table.${environment().suffixes.storage}'
var keyVaultUrl = 'https://${vaultName}${environment().suffixes.keyvaultDns}'

// US Government locks an account after three wrong passwords, the other clouds after ten.
var maxRefusedPasswords = contains(environment().authentication.loginEndpoint, 'microsoftonline.us') ? 1 : 3

var callerRules = [
  for (range, i) in callerIpRanges: {
    name: 'caller-${i}'
    action: 'Allow'
    priority: 100 + i
    ipAddress: range
  }
]
// The availability test comes from these addresses.
var probeRule = {
  name: 'availability'
  action: 'Allow'
  priority: 90
  tag: 'ServiceTag'
  ipAddress: 'ApplicationInsightsAvailability'
}

resource plan 'Microsoft.Web/serverfarms@2023-12-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource site 'Microsoft.Web/sites@2023-12-01' = {
  name: 'func-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'broker' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      runtime: { name: 'node', version: '24' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobServiceUrl}/${packageContainerName}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: scale.?instanceMemoryMB ?? 512
        maximumInstanceCount: scale.?maximumInstanceCount ?? 40
        alwaysReady: scale.?alwaysReady ?? []
        triggers: { http: { perInstanceConcurrency: scale.?httpPerInstanceConcurrency ?? 16 } }
      }
    }
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      ipSecurityRestrictionsDefaultAction: empty(callerIpRanges) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: empty(callerIpRanges) ? [] : concat([probeRule], callerRules)
      // Deployment has its own lock: an Entra ID token. A pipeline's address is seldom known.
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: 'Allow'
      appSettings: [
        // What the broker reads: src/settings.ts. The defaults are its own.
        { name: 'KEY_VAULT_URL', value: keyVaultUrl }
        { name: 'TABLE_SERVICE_URL', value: tableServiceUrl }
        { name: 'DataStorage__queueServiceUri', value: queueServiceUrl }
        { name: 'REFRESH_THRESHOLD', value: string(brokerSettings.?REFRESH_THRESHOLD ?? 600) }
        { name: 'PASSWORD_MAX_AGE', value: string(brokerSettings.?PASSWORD_MAX_AGE ?? 86400) }
        { name: 'IDENTITY_PROVIDER_TIMEOUT', value: string(brokerSettings.?IDENTITY_PROVIDER_TIMEOUT ?? 10) }
        { name: 'STORAGE_TIMEOUT', value: string(brokerSettings.?STORAGE_TIMEOUT ?? 3) }
        { name: 'REQUEST_DEADLINE', value: string(brokerSettings.?REQUEST_DEADLINE ?? 20) }
        { name: 'IDLE_EVICTION', value: string(brokerSettings.?IDLE_EVICTION ?? 604800) }
        { name: 'CONNECTION_IDLE_RENEWAL', value: string(brokerSettings.?CONNECTION_IDLE_RENEWAL ?? 15552000) }
        { name: 'REFRESH_CONCURRENCY', value: string(brokerSettings.?REFRESH_CONCURRENCY ?? 32) }
        { name: 'REFRESH_FANOUT_ABOVE', value: string(brokerSettings.?REFRESH_FANOUT_ABOVE ?? 1000) }
        { name: 'MAX_REFUSED_PASSWORDS', value: string(brokerSettings.?MAX_REFUSED_PASSWORDS ?? maxRefusedPasswords) }
        { name: 'REFUSAL_WINDOW', value: string(brokerSettings.?REFUSAL_WINDOW ?? 600) }
        // What the Functions host, the SDKs and Node.js read. Empty is absent for all of them.
        { name: 'REFRESH_SCHEDULE', value: brokerSettings.?REFRESH_SCHEDULE ?? '0 * * * * *' }
        { name: 'PUBLIC_URL', value: brokerSettings.?PUBLIC_URL ?? '' }
        { name: 'HTTPS_PROXY', value: brokerSettings.?HTTPS_PROXY ?? '' }
        { name: 'NO_PROXY', value: brokerSettings.?NO_PROXY ?? '' }
        { name: 'NODE_EXTRA_CA_CERTS', value: brokerSettings.?NODE_EXTRA_CA_CERTS ?? '' }
        { name: 'DataStorage__credential', value: 'managedidentity' }
        { name: 'DataStorage__clientId', value: identityClientId }
        // The name beside the address: with the address alone a host fails to start now and then (azure-functions-host #11787).
        { name: 'AzureWebJobsStorage__accountName', value: hostStorageName }
        { name: 'AzureWebJobsStorage__blobServiceUri', value: blobServiceUrl }
        { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
        { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
        { name: 'AZURE_CLIENT_ID', value: identityClientId }
        { name: 'AZURE_TOKEN_CREDENTIALS', value: 'ManagedIdentityCredential' }
        {
          name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
          value: applicationInsights.properties.ConnectionString
        }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'ClientId=${identityClientId};Authorization=AAD'
        }
        // Of use with easyAuth alone: App Service then proves itself with the identity's token, not with a client secret.
        { name: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID', value: identityClientId }
      ]
    }
  }

  // Deployment with a user name and a password, off: azd and the pipeline deploy with an Entra ID token.
  resource scmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource ftpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }
}

var authenticates = !empty(easyAuth.?clientId)

module authentication 'easy-auth.bicep' = if (authenticates) {
  params: {
    siteName: site.name
    clientId: easyAuth.?clientId ?? ''
    // An empty list would let every application of the tenant in.
    allowedApplications: authenticates && empty(easyAuth.?allowedApplications)
      ? fail('easyAuth needs allowedApplications: the client ids that may call.')
      : (easyAuth.?allowedApplications ?? [])
    tenantId: easyAuth.?tenantId ?? tenant().tenantId
  }
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
