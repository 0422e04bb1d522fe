import { expect, test } from '@jest/globals'
import { at, textAt, type Json } from './arm-template.ts'
import { describeWithBicep } from './bicep.ts'
import { deploymentOf, type Deployment } from './deployment.ts'

const STORAGE = 'Microsoft.Storage/storageAccounts'
const SITE = 'Microsoft.Web/sites'
const VAULT = 'Microsoft.KeyVault/vaults'
const ALERT = 'Microsoft.Insights/scheduledQueryRules'
const ROLE = 'Microsoft.Authorization/roleAssignments'

const settingsOf = (deployment: Deployment): Record<string, string> =>
  Object.fromEntries(
    (at(deployment.of(SITE)[0], 'properties.siteConfig.appSettings') as readonly Json[]).map((setting) => [
      textAt(setting, 'name'),
      textAt(setting, 'value'),
    ]),
  )
const countsOf = ({ resources }: Deployment): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const resource of resources)
    counts[textAt(resource, 'type')] = (counts[textAt(resource, 'type')] ?? 0) + 1
  return counts
}

const EVERYWHERE = {
  'Microsoft.Resources/resourceGroups': 1,
  'Microsoft.OperationalInsights/workspaces': 1,
  'Microsoft.Insights/components': 1,
  'Microsoft.Insights/diagnosticSettings': 1,
  'Microsoft.Insights/actionGroups': 1,
  'Microsoft.Insights/workbooks': 1,
  'Microsoft.ManagedIdentity/userAssignedIdentities': 1,
  'Microsoft.Storage/storageAccounts/blobServices': 1,
  'Microsoft.Storage/storageAccounts/blobServices/containers': 1,
  'Microsoft.Storage/storageAccounts/tableServices': 1,
  'Microsoft.Storage/storageAccounts/tableServices/tables': 5,
  'Microsoft.Storage/storageAccounts/queueServices': 1,
  'Microsoft.Storage/storageAccounts/queueServices/queues': 2,
  'Microsoft.Web/serverfarms': 1,
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies': 2,
  [STORAGE]: 2,
  [SITE]: 1,
  [VAULT]: 1,
  [ALERT]: 9,
  [ROLE]: 11,
}

describeWithBicep('what a deployment makes, worked out by Bicep', () => {
  test('with a name and a region alone', async () => {
    const deployment = await deploymentOf()
    expect(countsOf(deployment)).toEqual(EVERYWHERE)
    expect(at(deployment.of(SITE)[0], 'properties.functionAppConfig.scaleAndConcurrency')).toEqual({
      instanceMemoryMB: 512,
      maximumInstanceCount: 40,
      alwaysReady: [],
      triggers: { http: { perInstanceConcurrency: 16 } },
    })
    expect(settingsOf(deployment)).toMatchObject({
      REFRESH_THRESHOLD: '600',
      PASSWORD_MAX_AGE: '86400',
      REFRESH_SCHEDULE: '0 * * * * *',
      HTTPS_PROXY: '',
      AzureWebJobsStorage__accountName: expect.stringMatching(/^sthost\w{13}$/),
    })
    expect(deployment.of(ALERT).map((alert) => at(alert, 'properties.enabled'))).toEqual(
      Array.from({ length: 9 }, () => true),
    )
  })

  test("names are the same at the next deployment, and another environment's are others", async () => {
    const names = async (environmentName: string) =>
      (await deploymentOf({ environmentName })).resources.map((resource) => textAt(resource, 'id'))
    const [first, again, other] = [await names('x'), await names('x'), new Set(await names('y'))]
    expect(again).toEqual(first)
    expect(first.filter((id) => other.has(id))).toEqual([])
  })

  test('whoever deploys may write secrets; without a principal nobody may', async () => {
    const writers = async (principalId: string) =>
      (await deploymentOf({ principalId })).resources.filter((resource) =>
        textAt(resource, 'properties.roleDefinitionId').endsWith('b86a8fe4-44ce-4948-aee5-eccb2c155cd7'),
      ).length
    expect([await writers('00000000-0000-0000-0000-00000000000c'), await writers('')]).toEqual([1, 0])
  })

  test('a setting that is chosen reaches the app', async () => {
    const brokerSettings = {
      REFRESH_THRESHOLD: 900,
      MAX_REFUSED_PASSWORDS: 1,
      HTTPS_PROXY: 'http://proxy.contoso.com:8080',
      NO_PROXY: '.vault.azure.net',
    }
    expect(settingsOf(await deploymentOf({ brokerSettings }))).toMatchObject({
      REFRESH_THRESHOLD: '900',
      MAX_REFUSED_PASSWORDS: '1',
      HTTPS_PROXY: 'http://proxy.contoso.com:8080',
      NO_PROXY: '.vault.azure.net',
      PASSWORD_MAX_AGE: '86400',
    })
  })

  test.each<[string, Record<string, Json>, string]>([
    [
      'too large a setting',
      { brokerSettings: { REFRESH_THRESHOLD: 3001 } },
      'maximum allowable value is 3000',
    ],
    [
      'a setting that there is not',
      { brokerSettings: { REFRESH_TRESHOLD: 900 } },
      '"REFRESH_TRESHOLD" is not allowed',
    ],
    ['a bound below the least', { scale: { maximumInstanceCount: 39 } }, 'minimum allowable value is 40'],
    [
      'text where a truth value belongs',
      { network: { vnetEnabled: 'yes' } },
      '"vnetEnabled" expected a value of type',
    ],
    [
      'authentication without callers',
      { easyAuth: { clientId: '00000000-0000-0000-0000-00000000000a' } },
      'easyAuth needs allowedApplications',
    ],
  ])('%s is refused before anything is made', async (_, parameters, problem) => {
    await expect(deploymentOf(parameters)).rejects.toThrow(problem)
  })

  test('a private network closes storage and vault, leads to all four services, and lets the operator in', async () => {
    const deployment = await deploymentOf({
      network: { vnetEnabled: true, fixedOutboundIp: true, operatorIpRanges: ['203.0.113.7/32'] },
    })
    expect(countsOf(deployment)).toEqual({
      ...EVERYWHERE,
      'Microsoft.Network/virtualNetworks': 1,
      'Microsoft.Network/networkSecurityGroups': 2,
      'Microsoft.Network/publicIPAddresses': 1,
      'Microsoft.Network/natGateways': 1,
      'Microsoft.Network/privateDnsZones': 4,
      'Microsoft.Network/privateDnsZones/virtualNetworkLinks': 4,
      'Microsoft.Network/privateEndpoints': 4,
      'Microsoft.Network/privateEndpoints/privateDnsZoneGroups': 4,
    })
    expect(deployment.of(STORAGE).map((account) => at(account, 'properties.publicNetworkAccess'))).toEqual([
      'Disabled',
      'Disabled',
    ])
    expect(at(deployment.of(VAULT)[0], 'properties')).toMatchObject({
      publicNetworkAccess: 'Enabled',
      networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [{ value: '203.0.113.7/32' }] },
    })
    const services = deployment
      .of('Microsoft.Network/privateEndpoints')
      .map((endpoint) => at(endpoint, 'properties.privateLinkServiceConnections.0.properties.groupIds.0'))
    expect(services.map(String).toSorted()).toEqual(['blob', 'queue', 'table', 'vault'])
    const [network] = deployment.of('Microsoft.Network/virtualNetworks')
    expect(at(network, 'properties.subnets')).toMatchObject([
      {
        name: 'app',
        properties: {
          addressPrefix: '10.77.0.0/26',
          natGateway: { id: expect.stringContaining('/natGateways/') },
          defaultOutboundAccess: false,
          delegations: [{ properties: { serviceName: 'Microsoft.App/environments' } }],
        },
      },
      { name: 'endpoints', properties: { addressPrefix: '10.77.0.64/27', defaultOutboundAccess: false } },
    ])
  })

  test('without the address of an operator the vault is closed to all', async () => {
    const [vault] = (await deploymentOf({ network: { vnetEnabled: true } })).of(VAULT)
    expect(at(vault, 'properties.publicNetworkAccess')).toBe('Disabled')
  })

  test('callers by address: those, and the availability test', async () => {
    const [site] = (await deploymentOf({ network: { callerIpRanges: ['198.51.100.0/24'] } })).of(SITE)
    expect(at(site, 'properties.siteConfig')).toMatchObject({
      ipSecurityRestrictionsDefaultAction: 'Deny',
      ipSecurityRestrictions: [
        { ipAddress: 'ApplicationInsightsAvailability', tag: 'ServiceTag' },
        { ipAddress: '198.51.100.0/24' },
      ],
    })
  })

  test('App Service authentication lets the named applications in, and anybody to what says nothing of anybody', async () => {
    const easyAuth = {
      clientId: '00000000-0000-0000-0000-00000000000a',
      allowedApplications: ['00000000-0000-0000-0000-00000000000b'],
    }
    const [config] = (await deploymentOf({ easyAuth })).of('Microsoft.Web/sites/config')
    expect(at(config, 'properties')).toMatchObject({
      globalValidation: {
        requireAuthentication: true,
        unauthenticatedClientAction: 'Return401',
        excludedPaths: [
          '/health',
          '/openapi.json',
          '/.well-known/oauth-authorization-server',
          '/connect',
          '/connect/*',
        ],
      },
      identityProviders: {
        azureActiveDirectory: {
          registration: { clientId: easyAuth.clientId },
          validation: {
            allowedAudiences: [easyAuth.clientId, `api://${easyAuth.clientId}`],
            defaultAuthorizationPolicy: { allowedApplications: easyAuth.allowedApplications },
          },
        },
      },
    })
  })

  test('zones: the plan and both accounts', async () => {
    const deployment = await deploymentOf({ zoneRedundant: true })
    expect([
      at(deployment.of('Microsoft.Web/serverfarms')[0], 'properties.zoneRedundant'),
      ...deployment.of(STORAGE).map((account) => at(account, 'sku.name')),
    ]).toEqual([true, 'Standard_ZRS', 'Standard_ZRS'])
  })

  test('monitoring: alerts off, receivers, bounds, what is billed by the run', async () => {
    const monitoring = {
      alerts: false,
      alertEmails: ['ops@contoso.com'],
      retentionInDays: 90,
      dailyQuotaInGb: 5,
      availabilityTest: true,
      storageLogs: true,
    }
    const deployment = await deploymentOf({ monitoring })
    expect(new Set(deployment.of(ALERT).map((alert) => at(alert, 'properties.enabled')))).toEqual(
      new Set([false]),
    )
    expect(countsOf(deployment)).toEqual({
      ...EVERYWHERE,
      'Microsoft.Insights/diagnosticSettings': 4,
      'Microsoft.Insights/webtests': 1,
      'Microsoft.Insights/metricAlerts': 1,
    })
    const [receivers] = deployment.of('Microsoft.Insights/actionGroups')
    expect(at(receivers, 'properties.emailReceivers.0.emailAddress')).toBe('ops@contoso.com')
    const [workspace] = deployment.of('Microsoft.OperationalInsights/workspaces')
    expect(at(workspace, 'properties')).toMatchObject({
      retentionInDays: 90,
      workspaceCapping: { dailyQuotaGb: 5 },
    })
  })

  test("alerts ask the component and the workbook shows it; the bound of logs and what fills it are the workspace's", async () => {
    const deployment = await deploymentOf()
    const alerts = deployment
      .of(ALERT)
      .map((alert) => [
        textAt(alert, 'name').replace(/-\w+$/, ''),
        /\/(\w+)\/[^/]+$/.exec(textAt(alert, 'properties.scopes.0'))?.[1],
      ])
    expect(alerts).toEqual([
      ['timer-silent', 'components'],
      ['requests-failing', 'components'],
      ['identity-provider-failing', 'components'],
      ['misconfigured', 'components'],
      ['accounts-locked', 'components'],
      ['chunks-failing', 'components'],
      ['failing-for-a-day', 'components'],
      ['connections-to-see-to', 'components'],
      ['log-cap-reached', 'workspaces'],
    ])
    const [workbook] = deployment.of('Microsoft.Insights/workbooks')
    const { items } = JSON.parse(textAt(workbook, 'properties.serializedData')) as { items: readonly Json[] }
    expect(at(items[0], 'content.parameters.0.name')).toBe('TimeRange')
    const ofWorkspace = items.filter(
      (item) => at(item, 'content.resourceType') === 'microsoft.operationalinsights/workspaces',
    )
    expect([items.length, ofWorkspace.map((item) => at(item, 'content.title'))]).toEqual([
      14,
      ['What fills the log (megabytes an hour)'],
    ])
    expect(items.map((item) => at(item, 'content.title'))).toContain(
      'Calls of Entra ID, by what they were made for',
    )
  })

  test('a throw-away environment: the vault can be purged', async () => {
    const [vault] = (await deploymentOf({ purgeProtection: false })).of(VAULT)
    expect(at(vault, 'properties.enablePurgeProtection') ?? null).toBeNull()
  })
})
