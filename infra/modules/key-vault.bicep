// The vault of the two keys and the client profiles. No secret is written here: a value would stay in the deployment's history.
import { Tags } from '../types.bicep'

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Recover brings a deleted vault of this name back.')
@allowed(['default', 'recover'])
param createMode string

@description('Nobody can purge a deleted secret before its time. Cannot be turned off again.')
param purgeProtection bool

@description('Closed to the Internet but for the operators: private endpoints lead to it.')
param closed bool

@description('Address ranges that may pass when it is closed.')
param operatorIpRanges string[]

@description('Where the audit log goes.')
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    createMode: createMode
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // The service refuses `false`: on, or left alone.
    enablePurgeProtection: purgeProtection ? true : null
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: closed && empty(operatorIpRanges) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: closed ? 'Deny' : 'Allow'
      ipRules: [for range in operatorIpRanges: { value: range }]
    }
  }
}

// Its one GA version, of 2016, is older than this preview, which everyone uses.
#disable-next-line use-recent-api-versions
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: workspace.id
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

output id string = vault.id
