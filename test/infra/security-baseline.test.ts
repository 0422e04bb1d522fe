import { describe, expect, test } from '@jest/globals'
import { readTemplate, type Json } from './arm-template.ts'
import { securityRules } from './security-rules.ts'

const template = readTemplate()

describe('the compiled template keeps the security baseline', () => {
  test.each(Object.entries(securityRules))('%s', (_, rule) => {
    expect(rule(template)).toEqual([])
  })
})

/** One way to break each rule: the text in the template, and what a careless change makes of it. */
const breaches: readonly (readonly [rule: keyof typeof securityRules, from: string | RegExp, to: string])[] =
  [
    [
      'storage accounts take no keys, no anonymous readers, no old TLS',
      '"allowSharedKeyAccess":false',
      '"allowSharedKeyAccess":true',
    ],
    [
      'storage accounts take no keys, no anonymous readers, no old TLS',
      '"minimumTlsVersion":"TLS1_2"',
      '"minimumTlsVersion":"TLS1_0"',
    ],
    ['storage accounts take no keys, no anonymous readers, no old TLS', '"allowBlobPublicAccess":false,', ''],
    ['blob containers are private', '"publicAccess":"None"', '"publicAccess":"Blob"'],
    [
      'the vault is role-based, keeps what is deleted, and is purge-protected unless told otherwise',
      'true(), null()',
      'true(), false()',
    ],
    [
      'the vault is role-based, keeps what is deleted, and is purge-protected unless told otherwise',
      /("purgeProtection":{"type":"bool","defaultValue":)true/,
      '$1false',
    ],
    [
      'the vault is role-based, keeps what is deleted, and is purge-protected unless told otherwise',
      '"enableRbacAuthorization":true',
      '"enableRbacAuthorization":false',
    ],
    [
      'the vault has an audit log',
      '"category":"AuditEvent","enabled":true',
      '"category":"AuditEvent","enabled":false',
    ],
    [
      'no secret is written by a deployment',
      '"Microsoft.KeyVault/vaults","apiVersion"',
      '"Microsoft.KeyVault/vaults/secrets","apiVersion"',
    ],
    [
      'no key is read by a deployment',
      "reference('applicationInsights').ConnectionString",
      "listKeys('hostStorage').keys[0].value",
    ],
    ['parameters and outputs carry no secret', '"brokerSettings":{"$ref"', '"clientSecret":{"$ref"'],
    [
      'parameters and outputs carry no secret',
      '"AZURE_TENANT_ID":{',
      '"APPLICATIONINSIGHTS_CONNECTIONSTRING":{',
    ],
    [
      'the site speaks TLS 1.2 and later, and no debugger or affinity cookie',
      '"httpsOnly":true',
      '"httpsOnly":false',
    ],
    [
      'the site speaks TLS 1.2 and later, and no debugger or affinity cookie',
      '"remoteDebuggingEnabled":false',
      '"remoteDebuggingEnabled":true',
    ],
    [
      'the site has no setting that Flex Consumption refuses',
      '"http20Enabled":true',
      '"http20Enabled":true,"ftpsState":"Disabled"',
    ],
    [
      'the host finds its account by name and by address',
      '"AzureWebJobsStorage__accountName"',
      '"AzureWebJobsStorage__queueServiceUri"',
    ],
    ['nobody publishes with a user name and a password', '"allow":false', '"allow":true'],
    [
      'the site is Node.js 24 on Flex Consumption, by its own identity',
      '"name":"node","version":"24"',
      '"name":"node","version":"20"',
    ],
    [
      'no app setting is one that Flex Consumption has done away with',
      '"AZURE_CLIENT_ID"',
      '"FUNCTIONS_WORKER_RUNTIME"',
    ],
    [
      'no app setting is one that Flex Consumption has done away with',
      '"AZURE_CLIENT_ID"',
      '"WEBSITE_CONTENTSHARE"',
    ],
    ['no app setting holds a credential', '"AzureWebJobsStorage__credential"', '"AzureWebJobsStorage"'],
    ['no app setting holds a credential', '"value":"managedidentity"', '"value":"sas"'],
    ['telemetry needs an identity', '"DisableLocalAuth":true', '"DisableLocalAuth":false'],
    ['telemetry needs an identity', 'Authorization=AAD', 'Authorization=Key'],
    [
      'each role is assigned on the one thing it is needed for',
      `"scope":"[resourceId('Microsoft.Storage/storageAccounts', parameters('hostStorageName'`,
      `"scope":"[resourceId('Microsoft.Resources/resourceGroups', parameters('hostStorageName'`,
    ],
    [
      'each role is assigned on the one thing it is needed for',
      "Microsoft.Storage/storageAccounts/tableServices/tables', parameters",
      "Microsoft.Storage/storageAccounts', parameters",
    ],
    [
      'each role is assigned on the one thing it is needed for',
      /variables\('roles'\)\.keyVaultSecretsUser/g,
      "variables('roles').keyVaultAdministrator",
    ],
    [
      'the broker has every role it needs',
      /variables\('roles'\)\.monitoringMetricsPublisher/g,
      "variables('roles').keyVaultSecretsUser",
    ],
    ['the roles are there before the site', '"dependsOn":["access",', '"dependsOn":['],
    [
      'with a private network, storage is closed and every service has a private endpoint',
      "createObject('value', 'Disabled')",
      "createObject('value', 'Enabled')",
    ],
    [
      'with a private network, storage is closed and every service has a private endpoint',
      '"service":"vault"',
      '"service":"blob"',
    ],
    ['every subnet has a security group', '"networkSecurityGroup"', '"routeTable"'],
    ['every subnet says whether it has a way out of its own', '"defaultOutboundAccess":false,', ''],
    [
      'the subnet of the app is delegated, and its name has no underscore',
      'Microsoft.App/environments',
      'Microsoft.Web/serverFarms',
    ],
    [
      'App Service authentication turns away whoever it does not know',
      '"requireAuthentication":true',
      '"requireAuthentication":false',
    ],
    ['App Service authentication turns away whoever it does not know', '"Return401"', '"AllowAnonymous"'],
    ['App Service authentication turns away whoever it does not know', '"/openapi.json"', '"/*"'],
    [
      'App Service authentication without a list of callers is not deployed',
      "empty(tryGet(parameters('easyAuth'), 'allowedApplications'))",
      'false()',
    ],
    [
      'no preview of an API is used, but for diagnostic settings',
      '"Microsoft.KeyVault/vaults","apiVersion":"',
      '"Microsoft.KeyVault/vaults","apiVersion":"preview-',
    ],
  ]

describe('each rule objects', () => {
  test.each(breaches)('%s: %s → %s', (name, from, to) => {
    const text = JSON.stringify(template)
    const broken = text.replace(from, to)
    expect(broken === text).toBe(false)
    expect(securityRules[name]?.(JSON.parse(broken) as Json)).not.toEqual([])
  })

  test('there is a breach for every rule', () => {
    expect(new Set(breaches.map(([rule]) => rule))).toEqual(new Set(Object.keys(securityRules)))
  })
})
