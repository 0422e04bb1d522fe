// Who may do what: every right that the broker has, each on the one thing it is needed for.

@description('The host\'s account.')
param hostStorageName string

@description('The broker\'s account.')
param dataStorageName string

@description('Tables that the broker reads and writes.')
param tableNames string[]

@description('Queues that the broker reads and writes.')
param queueNames string[]

@description('The vault.')
param vaultName string

@description('Where telemetry goes.')
param applicationInsightsName string

@description('Name of the broker\'s identity. Names of its role assignments derive from it.')
param identityName string

@description('Object id of the broker\'s identity.')
param brokerPrincipalId string

@description('Who writes secrets. Empty: nobody.')
param operatorPrincipalId string

@description('What the operator is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string

var roles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: hostStorageName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: dataStorageName

  resource tableService 'tableServices' existing = {
    name: 'default'

    resource tables 'tables' existing = [for name in tableNames: { name: name }]
  }

  resource queueService 'queueServices' existing = {
    name: 'default'

    resource queues 'queues' existing = [for name in queueNames: { name: name }]
  }
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, identity.id, roles.storageBlobDataOwner)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
    principalId: brokerPrincipalId
    principalType: 'ServicePrincipal'
    description: 'Function keys, leases, the timer\'s status, the deployed package.'
  }
}

resource brokerTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in tableNames: {
    scope: dataStorage::tableService::tables[i]
    name: guid(dataStorage.id, name, identity.id, roles.storageTableDataContributor)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageTableDataContributor
      )
      principalId: brokerPrincipalId
      principalType: 'ServicePrincipal'
      description: 'The broker\'s rows in the table ${name}.'
    }
  }
]

resource brokerQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in queueNames: {
    scope: dataStorage::queueService::queues[i]
    name: guid(dataStorage.id, name, identity.id, roles.storageQueueDataContributor)
    properties: {
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageQueueDataContributor
      )
      principalId: brokerPrincipalId
      principalType: 'ServicePrincipal'
      description: 'Chunks of a sweep in the queue ${name}.'
    }
  }
]

resource brokerSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, identity.id, roles.keyVaultSecretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
    principalId: brokerPrincipalId
    principalType: 'ServicePrincipal'
    // getSecret, and readMetadata, which lists names: the broker knows by that list which client profiles there are.
    description: 'The two keys and the client profiles, to read and to list.'
  }
}

resource brokerTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: applicationInsights
  name: guid(applicationInsights.id, identity.id, roles.monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
    principalId: brokerPrincipalId
    principalType: 'ServicePrincipal'
    description: 'Logs and metrics.'
  }
}

resource operatorSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: vault
  name: guid(vault.id, operatorPrincipalId, roles.keyVaultSecretsOfficer)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsOfficer)
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    description: 'Whoever deploys makes the keys and writes the client profiles.'
  }
}
