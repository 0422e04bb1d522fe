// App Service authentication: a request without a token of an allowed application is answered 401 before the broker sees it,
// unless it is for one of the paths that say nothing of anybody.
@description('The app.')
param siteName string

@description('The app registration that stands for the broker.')
param clientId string

@description('Client ids that may call.')
param allowedApplications string[]

@description('Tenant that issues the callers\' tokens.')
param tenantId string

resource site 'Microsoft.Web/sites@2023-12-01' existing = {
  name: siteName
}

resource authentication 'Microsoft.Web/sites/config@2023-12-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // What the broker answers to anybody, and programs read before they have a token. The function key guards the rest all the same.
      excludedPaths: [
        '/health'
        '/openapi.json'
        '/.well-known/oauth-authorization-server'
        // People, and what Entra ID sends their browsers back with. Whether a path covers what is under it is not written anywhere.
        '/connect'
        '/connect/*'
      ]
    }
    httpSettings: { requireHttps: true }
    login: { tokenStore: { enabled: false } }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenantId}/v2.0'
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        validation: {
          allowedAudiences: [clientId, 'api://${clientId}']
          defaultAuthorizationPolicy: { allowedApplications: allowedApplications }
        }
      }
    }
  }
}
