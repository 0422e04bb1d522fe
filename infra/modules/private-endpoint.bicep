// One private endpoint with its DNS zone.
import { Tags } from '../types.bicep'

@description('Name of the endpoint.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Subnet of the endpoint.')
param subnetId string

@description('What it leads to.')
param resourceId string

@description('Which of its services: blob, queue, table, vault.')
@allowed(['blob', 'queue', 'table', 'vault'])
param service string

@description('DNS zone that the endpoint\'s address is entered in.')
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    customNetworkInterfaceName: '${name}-nic'
    privateLinkServiceConnections: [
      { name: service, properties: { privateLinkServiceId: resourceId, groupIds: [service] } }
    ]
  }
}

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [{ name: service, properties: { privateDnsZoneId: zoneId } }]
  }
}
