// App Service authentication: a request without a token of an allowed application is answered 401 before the broker sees it.
import { EasyAuth } from '../types.bicep'

@description('The app.')
param siteName string

@description('Who may call.')
param easyAuth EasyAuth

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

resource authentication 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/health']
    }
    httpSettings: { requireHttps: true }
    login: { tokenStore: { enabled: false } }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: easyAuth.clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${easyAuth.?tenantId ?? tenant().tenantId}/v2.0'
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        validation: {
          allowedAudiences: [easyAuth.clientId, 'api://${easyAuth.clientId}']
          defaultAuthorizationPolicy: { allowedApplications: easyAuth.allowedApplications }
        }
      }
    }
  }
}
