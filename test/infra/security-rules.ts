import { appSettingsOf, at, entriesOf, resourcesOf, stringsOf, templatesOf, textAt } from './arm-template.ts'
import type { Json, Resource } from './arm-template.ts'

/** @returns what in the template breaks the rule; empty when nothing does. */
export type Rule = (template: Json) => readonly string[]

const STORAGE = 'Microsoft.Storage/storageAccounts'
const SITE = 'Microsoft.Web/sites'
const VAULT = 'Microsoft.KeyVault/vaults'

/** Where each role may be assigned: on the one kind of resource it is needed for, never on a group. */
const ROLE_SCOPES: Readonly<Record<string, string>> = {
  storageBlobDataOwner: STORAGE,
  storageTableDataContributor: `${STORAGE}/tableServices/tables`,
  storageQueueDataContributor: `${STORAGE}/queueServices/queues`,
  keyVaultSecretsUser: VAULT,
  keyVaultSecretsOfficer: VAULT,
  monitoringMetricsPublisher: 'Microsoft.Insights/components',
}

/** Source: https://learn.microsoft.com/azure/azure-functions/functions-app-settings, "Flex Consumption plan deprecations". */
const DEPRECATED_SETTINGS =
  /^(ENABLE_ORYX_BUILD|FUNCTIONS_EXTENSION_VERSION|FUNCTIONS_WORKER_RUNTIME(_VERSION)?|FUNCTIONS_MAX_HTTP_CONCURRENCY|FUNCTIONS_WORKER_PROCESS_COUNT|FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED|SCM_DO_BUILD_DURING_DEPLOYMENT|WEBSITE_(CONTENT.*|DNS_SERVER|MAX_DYNAMIC_APPLICATION_SCALE_OUT|NODE_DEFAULT_VERSION|RUN_FROM_PACKAGE|SKIP_CONTENTSHARE_VALIDATION|TIME_ZONE|USE_PLACEHOLDER|VNET_ROUTE_ALL|VNETROUTEALL))$/i

/** The security baseline, each rule named by the sentence that must hold. */
export const securityRules: Readonly<Record<string, Rule>> = {
  'storage accounts take no keys, no anonymous readers, no old TLS': onEach(STORAGE, {
    'properties.allowSharedKeyAccess': false,
    'properties.allowBlobPublicAccess': false,
    'properties.allowCrossTenantReplication': false,
    'properties.defaultToOAuthAuthentication': true,
    'properties.isLocalUserEnabled': false,
    'properties.minimumTlsVersion': 'TLS1_2',
    'properties.supportsHttpsTrafficOnly': true,
    'properties.networkAcls.bypass': 'None',
  }),
  'blob containers are private': onEach(`${STORAGE}/blobServices/containers`, {
    'properties.publicAccess': 'None',
  }),
  'the vault is role-based, keeps what is deleted, and is purge-protected unless told otherwise': (
    template,
  ) => [
    ...onEach(VAULT, {
      'properties.enableRbacAuthorization': true,
      'properties.enableSoftDelete': true,
      'properties.softDeleteRetentionInDays': 90,
      'properties.enablePurgeProtection': "[if(parameters('purgeProtection'), true(), null())]",
      'properties.enabledForDeployment': false,
      'properties.enabledForTemplateDeployment': false,
      'properties.enabledForDiskEncryption': false,
    })(template),
    ...expecting(template, 'main', { 'parameters.purgeProtection.defaultValue': true }),
  ],
  'the vault has an audit log': (template) =>
    resourcesOf(template).some(
      ({ type, body }) =>
        type === 'Microsoft.Insights/diagnosticSettings' &&
        textAt(body, 'scope').includes(`'${VAULT}'`) &&
        at(body, 'condition') === undefined &&
        at(body, 'properties.logs.0.category') === 'AuditEvent' &&
        at(body, 'properties.logs.0.enabled') === true,
    )
      ? []
      : ['no AuditEvent diagnostics'],
  'no secret is written by a deployment': (template) =>
    resourcesOf(template)
      .filter(({ type }) => type.toLowerCase().startsWith('microsoft.keyvault/vaults/'))
      .map(({ path }) => path),
  'no key is read by a deployment': (template) =>
    stringsOf(template).filter((text) => text.startsWith('[') && /\blist\w*\(/i.test(text)),
  'parameters and outputs carry no secret': (template) =>
    templatesOf(template).flatMap(({ path, template: each }) => [
      ...entriesOf(at(each, 'parameters'))
        .filter(
          ([name]) => /secret|password|token$|apikey|accesskey|connection/i.test(name) && name !== 'token',
        )
        .map(([name]) => `${path}: parameter ${name}`),
      ...entriesOf(at(each, 'outputs'))
        .filter(([name, body]) =>
          /secret|password|connectionstring|listkeys|instrumentation/i.test(name + JSON.stringify(body)),
        )
        .map(([name]) => `${path}: output ${name}`),
    ]),
  'the site speaks TLS 1.2 and later, and no debugger or affinity cookie': onEach(SITE, {
    'properties.httpsOnly': true,
    'properties.clientAffinityEnabled': false,
    'properties.siteConfig.http20Enabled': true,
    'properties.siteConfig.minTlsVersion': '1.2',
    'properties.siteConfig.scmMinTlsVersion': '1.2',
    'properties.siteConfig.remoteDebuggingEnabled': false,
  }),
  // Newer stamps of Flex Consumption refuse the whole site for it (51021). FTP is closed by the publishing policy below.
  'the site has no setting that Flex Consumption refuses': (template) =>
    ofType(template, SITE)
      .filter(({ body }) => at(body, 'properties.siteConfig.ftpsState') !== undefined)
      .map(({ path }) => `${path}: ftpsState`),
  'the host finds its account by name and by address': (template) => {
    const settings = appSettingsOf(template)
    return ['accountName', 'blobServiceUri']
      .map((name) => `AzureWebJobsStorage__${name}`)
      .filter((name) => !settings.get(name))
  },
  'nobody publishes with a user name and a password': (template) => {
    const policies = ofType(template, `${SITE}/basicPublishingCredentialsPolicies`)
    const closed = policies.filter(({ body }) => at(body, 'properties.allow') === false)
    const names = closed.map(({ body }) => /, '(\w+)'\)]$/.exec(textAt(body, 'name'))?.[1])
    return ['scm', 'ftp'].filter((name) => !names.includes(name)).map((name) => `${name} is open`)
  },
  'the site is Node.js 24 on Flex Consumption, by its own identity': (template) => [
    ...onEach('Microsoft.Web/serverfarms', { 'sku.name': 'FC1', 'sku.tier': 'FlexConsumption' })(template),
    ...onEach(SITE, {
      'identity.type': 'UserAssigned',
      'properties.functionAppConfig.runtime.name': 'node',
      'properties.functionAppConfig.runtime.version': '24',
      'properties.functionAppConfig.deployment.storage.type': 'blobContainer',
      'properties.functionAppConfig.deployment.storage.authentication.type': 'UserAssignedIdentity',
    })(template),
  ],
  'no app setting is one that Flex Consumption has done away with': (template) =>
    [...appSettingsOf(template).keys()].filter((name) => DEPRECATED_SETTINGS.test(name)),
  'no app setting holds a credential': (template) =>
    [...appSettingsOf(template)]
      .filter(
        ([name, value]) =>
          name === 'AzureWebJobsStorage' ||
          /accountkey|sharedaccess|@microsoft\.keyvault/i.test(value) ||
          (name.endsWith('__credential') && value !== 'managedidentity'),
      )
      .map(([name]) => name),
  'telemetry needs an identity': (template) => [
    ...onEach('Microsoft.Insights/components', { 'properties.DisableLocalAuth': true })(template),
    ...onEach('Microsoft.OperationalInsights/workspaces', { 'properties.features.disableLocalAuth': true })(
      template,
    ),
    ...(/Authorization=AAD/.test(
      appSettingsOf(template).get('APPLICATIONINSIGHTS_AUTHENTICATION_STRING') ?? '',
    )
      ? []
      : ['the app does not authenticate']),
  ],
  'each role is assigned on the one thing it is needed for': (template) =>
    ofType(template, 'Microsoft.Authorization/roleAssignments').flatMap(({ path, body }) => {
      const role = /variables\('roles'\)\.(\w+)/.exec(textAt(body, 'properties.roleDefinitionId'))?.[1] ?? ''
      const scope = /^\[resourceId\('([^']+)'/.exec(textAt(body, 'scope'))?.[1]
      const isNamed = textAt(body, 'name').startsWith('[guid(')
      const isTyped = at(body, 'properties.principalType') !== undefined
      const isFit = scope !== undefined && scope === ROLE_SCOPES[role]
      return isNamed && isTyped && isFit
        ? []
        : [`${path}: ${role || 'unknown role'} on ${scope ?? 'the group'}`]
    }),
  'the broker has every role it needs': (template) => {
    const assigned = ofType(template, 'Microsoft.Authorization/roleAssignments').map(({ body }) =>
      textAt(body, 'properties.roleDefinitionId'),
    )
    return Object.keys(ROLE_SCOPES).filter((role) => !assigned.some((each) => each.includes(`.${role})`)))
  },
  'the roles are there before the site': (template) => {
    const dependsOn = at(template, 'resources.broker.dependsOn')
    return Array.isArray(dependsOn) && dependsOn.includes('access') ? [] : ['broker does not wait for access']
  },
  'with a private network, storage is closed and every service has a private endpoint': (template) => {
    const closed =
      "[if(variables('vnetEnabled'), createObject('value', 'Disabled'), createObject('value', 'Enabled'))]"
    const parameter = 'properties.parameters.publicNetworkAccess'
    const endpoints = at(template, 'resources.privateNetwork.properties.template.variables.endpoints')
    const services = (Array.isArray(endpoints) ? endpoints : []).map((each: Json) => at(each, 'service'))
    return [
      ...['hostStorage', 'dataStorage']
        .filter((name) => at(template, `resources.${name}.${parameter}`) !== closed)
        .map((name) => `${name} stays open`),
      ...onEach(STORAGE, {
        'properties.publicNetworkAccess': "[parameters('publicNetworkAccess')]",
        'properties.networkAcls.defaultAction':
          "[if(equals(parameters('publicNetworkAccess'), 'Disabled'), 'Deny', 'Allow')]",
      })(template),
      ...onEach(VAULT, {
        'properties.networkAcls.defaultAction': "[if(parameters('closed'), 'Deny', 'Allow')]",
      })(template),
      ...['blob', 'queue', 'table', 'vault'].filter((service) => !services.includes(service)),
    ]
  },
  'every subnet has a security group': (template) =>
    ofType(template, 'Microsoft.Network/virtualNetworks').flatMap(({ body }) => {
      const subnets = at(body, 'properties.subnets')
      return (Array.isArray(subnets) ? subnets : [])
        .filter((subnet: Json) => at(subnet, 'properties.networkSecurityGroup.id') === undefined)
        .map((subnet: Json) => textAt(subnet, 'name'))
    }),
  'every subnet says whether it has a way out of its own': (template) =>
    ofType(template, 'Microsoft.Network/virtualNetworks').flatMap(({ body }) => {
      const subnets = at(body, 'properties.subnets')
      return (Array.isArray(subnets) ? subnets : [])
        .filter((subnet: Json) => at(subnet, 'properties.defaultOutboundAccess') === undefined)
        .map((subnet: Json) => textAt(subnet, 'name'))
    }),
  'the subnet of the app is delegated, and its name has no underscore': (template) => {
    const subnet = at(ofType(template, 'Microsoft.Network/virtualNetworks')[0]?.body, 'properties.subnets.0')
    const isDelegated =
      at(subnet, 'properties.delegations.0.properties.serviceName') === 'Microsoft.App/environments'
    return isDelegated && /^[a-z-]+$/.test(textAt(subnet, 'name')) ? [] : ['app subnet']
  },
  'App Service authentication turns away whoever it does not know': onEach(`${SITE}/config`, {
    'properties.platform.enabled': true,
    'properties.globalValidation.requireAuthentication': true,
    'properties.globalValidation.unauthenticatedClientAction': 'Return401',
    'properties.globalValidation.excludedPaths': [
      '/health',
      '/openapi.json',
      '/.well-known/oauth-authorization-server',
      '/connect',
      '/connect/*',
    ],
    'properties.httpSettings.requireHttps': true,
    'properties.identityProviders.azureActiveDirectory.registration.clientSecretSettingName':
      'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
    'properties.identityProviders.azureActiveDirectory.validation.defaultAuthorizationPolicy.allowedApplications':
      "[parameters('allowedApplications')]",
  }),
  'App Service authentication without a list of callers is not deployed': (template) => {
    const parameters = 'resources.authentication.properties.parameters.allowedApplications'
    const given = textAt(at(template, 'resources.broker.properties.template'), parameters)
    const guard =
      "[if(and(variables('authenticates'), empty(tryGet(parameters('easyAuth'), 'allowedApplications'))), createObject('value', fail("
    return given.startsWith(guard) ? [] : ['an empty list lets every application of the tenant in']
  },
  'no preview of an API is used, but for diagnostic settings': (template) =>
    resourcesOf(template)
      .filter(
        ({ body, type }) =>
          /preview/.test(textAt(body, 'apiVersion')) && !type.endsWith('/diagnosticSettings'),
      )
      .map(({ path }) => path),
}

/** Every resource of the type, and at least one, has exactly these values at these paths. */
function onEach(type: string, expected: Readonly<Record<string, Json>>): Rule {
  return (template) => {
    const resources = ofType(template, type)
    if (resources.length === 0) return [`there is no ${type}`]
    return resources.flatMap(({ path, body }) => differences(path, body, expected))
  }
}

function expecting(value: Json, path: string, expected: Readonly<Record<string, Json>>): readonly string[] {
  return differences(path, value, expected)
}

function differences(path: string, body: Json, expected: Readonly<Record<string, Json>>): readonly string[] {
  return Object.entries(expected)
    .filter(([key, value]) => JSON.stringify(at(body, key)) !== JSON.stringify(value))
    .map(([key]) => `${path}: ${key} is ${JSON.stringify(at(body, key))}`)
}

function ofType(template: Json, type: string): readonly Resource[] {
  return resourcesOf(template).filter((resource) => resource.type === type)
}
