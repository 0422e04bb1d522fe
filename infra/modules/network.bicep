// A network of the app's own: one subnet for its instances, one for the private endpoints of storage and vault.
import { Tags } from '../types.bicep'

@description('Suffix of the names.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Address space, /24 or larger.')
param addressPrefix string

@description('A NAT gateway with one public address.')
param fixedOutboundIp bool

@description('The host\'s account.')
param hostStorageId string

@description('The broker\'s account.')
param dataStorageId string

@description('The vault.')
param vaultId string

// An app on this plan needs /27 at the least; /26 leaves room to scale.
var appPrefix = cidrSubnet(addressPrefix, 26, 0)
var endpointPrefix = cidrSubnet(addressPrefix, 27, 2)

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  // The endpoint's zone is vaultcore where the vault's name says vault.
  vault: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
}

var endpoints = [
  { name: 'blob', service: 'blob', resourceId: hostStorageId }
  { name: 'queue', service: 'queue', resourceId: dataStorageId }
  { name: 'table', service: 'table', resourceId: dataStorageId }
  { name: 'vault', service: 'vault', resourceId: vaultId }
]

resource appNsg 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: 'nsg-app-${token}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'deny-inbound'
        properties: {
          description: 'Requests reach the app through the platform\'s front end, never through this subnet.'
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource endpointNsg 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: 'nsg-endpoints-${token}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'allow-app'
        properties: {
          description: 'The app, HTTPS.'
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: appPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: endpointPrefix
          destinationPortRange: '443'
        }
      }
      {
        name: 'deny-inbound'
        properties: {
          description: 'Nobody else.'
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource outboundAddress 'Microsoft.Network/publicIPAddresses@2025-01-01' = if (fixedOutboundIp) {
  name: 'pip-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

resource natGateway 'Microsoft.Network/natGateways@2025-01-01' = if (fixedOutboundIp) {
  name: 'ng-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: outboundAddress.id }] }
}

resource vnet 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: 'vnet-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: appPrefix
          networkSecurityGroup: { id: appNsg.id }
          natGateway: fixedOutboundIp ? { id: natGateway.id } : null
          // A delegated subnet's way out is its service's own affair. Said all the same: newer API versions take false when nothing is.
          defaultOutboundAccess: !fixedOutboundIp
          delegations: [{ name: 'app', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointPrefix
          networkSecurityGroup: { id: endpointNsg.id }
          defaultOutboundAccess: false
          // Without it a network security group does not see traffic to private endpoints.
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }

  resource appSubnet 'subnets' existing = {
    name: 'app'
  }

  resource endpointSubnet 'subnets' existing = {
    name: 'endpoints'
  }
}

resource dnsZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in items(zones): {
    name: zone.value
    location: 'global'
    tags: tags
  }
]

resource dnsLinks 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in items(zones): {
    parent: dnsZones[i]
    name: 'vnet-${token}'
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: vnet.id } }
  }
]

module privateEndpoints 'private-endpoint.bicep' = [
  for endpoint in endpoints: {
    name: 'endpoint-${endpoint.name}'
    params: {
      name: 'pep-${endpoint.name}-${token}'
      location: location
      tags: tags
      subnetId: vnet::endpointSubnet.id
      resourceId: endpoint.resourceId
      service: endpoint.service
      zoneId: resourceId('Microsoft.Network/privateDnsZones', zones[endpoint.service])
    }
    dependsOn: [dnsLinks]
  }
]

output appSubnetId string = vnet::appSubnet.id
output outboundIp string = outboundAddress.?properties.?ipAddress ?? ''
