// The broker's own account: sealed token entries, the due index, the tries of each user
// (refusals), and the queue that spreads a sweep.
// Tables and queues are made here, so that the broker needs no right to create any.
import { Tags } from '../types.bicep'

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Tables of the broker.')
param tableNames string[]

@description('Queues of the broker, each with its poison queue.')
param queueNames string[]

@description('Whether the account is kept from being deleted.')
param isLocked bool

@description('Three zones instead of one.')
param zoneRedundant bool

@description('Disabled when private endpoints lead to the account.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

@description('Where a line for every operation goes. Null: nowhere.')
param logWorkspaceName string?

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = if (logWorkspaceName != null) {
  name: logWorkspaceName!
}

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: publicNetworkAccess
    supportsHttpsTrafficOnly: true
    networkAcls: { bypass: 'None', defaultAction: publicNetworkAccess == 'Disabled' ? 'Deny' : 'Allow' }
  }
}

// What is in its tables can be deleted all the same: the broker does that.
resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  scope: account
  name: 'connections-are-kept-here-alone'
  properties: { level: 'CanNotDelete' }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-08-01' = {
  parent: account
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-08-01' = [
  for tableName in tableNames: {
    parent: tableService
    name: tableName
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-08-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-08-01' = [
  for queueName in queueNames: {
    parent: queueService
    name: queueName
  }
]

// Its one GA version, of 2016, is older than this preview, which everyone uses.
#disable-next-line use-recent-api-versions
resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logWorkspaceName != null) {
  scope: tableService
  name: 'operations'
  properties: {
    workspaceId: workspace.id
    logs: [
      { category: 'StorageRead', enabled: true }
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

#disable-next-line use-recent-api-versions
resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logWorkspaceName != null) {
  scope: queueService
  name: 'operations'
  properties: {
    workspaceId: workspace.id
    logs: [
      { category: 'StorageRead', enabled: true }
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

output id string = account.id
