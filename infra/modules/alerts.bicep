// What someone must be told, each as one query over the broker's own log lines.
import { Tags } from '../types.bicep'

@description('Suffix of the names.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Receivers. Empty: alerts show in the portal only.')
param emails string[]

@description('Where telemetry goes.')
param applicationInsightsName string

@description('Whether to ask the app from outside.')
param availabilityTest bool

@description('What to ask.')
param healthUrl string

type Rule = {
  name: string
  title: string
  description: string
  severity: 0 | 1 | 2 | 3 | 4
  query: string
  measure: string
  operator: 'GreaterThan' | 'GreaterThanOrEqual' | 'LessThan'
  threshold: int
  window: string
}

var rules Rule[] = [
  {
    name: 'timer-silent'
    title: 'Pre-refresh timer is silent'
    description: 'No sweep of refreshtokens came to its end in 10 minutes. Callers still get tokens, later than usual. Restart the app; a deployment can stop its timers.'
    severity: 2
    query: loadTextContent('../queries/timer-silent.kql')
    measure: 'sweeps'
    operator: 'LessThan'
    threshold: 1
    window: 'PT10M'
  }
  {
    name: 'requests-failing'
    title: 'Token requests fail'
    description: 'Five or more answers of 500 and above in 15 minutes.'
    severity: 1
    query: loadTextContent('../queries/requests-failing.kql')
    measure: 'failures'
    operator: 'GreaterThanOrEqual'
    threshold: 5
    window: 'PT15M'
  }
  {
    name: 'identity-provider-failing'
    title: 'Entra ID or a dependency fails'
    description: 'Ten or more token requests or refreshes failed in 15 minutes because Entra ID, Key Vault or Storage did not answer. Valid tokens are still served.'
    severity: 2
    query: loadTextContent('../queries/identity-provider-failing.kql')
    measure: 'failures'
    operator: 'GreaterThanOrEqual'
    threshold: 10
    window: 'PT15M'
  }
  {
    name: 'misconfigured'
    title: 'Broker is misconfigured'
    description: 'A client profile, a key, a right or a setting is missing or wrong. The log line\'s detail names it.'
    severity: 1
    query: loadTextContent('../queries/misconfigured.kql')
    measure: 'failures'
    operator: 'GreaterThanOrEqual'
    threshold: 1
    window: 'PT15M'
  }
  {
    name: 'accounts-locked'
    title: 'Accounts are locked'
    description: 'Ten or more requests in 15 minutes met a locked account: a flow with an old password, or someone who guesses.'
    severity: 2
    query: loadTextContent('../queries/accounts-locked.kql')
    measure: 'refusals'
    operator: 'GreaterThanOrEqual'
    threshold: 10
    window: 'PT15M'
  }
]

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'tokenbroker'
    emailReceivers: [
      for (email, i) in emails: { name: 'receiver-${i}', emailAddress: email, useCommonAlertSchema: true }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${rule.name}-${token}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Token broker: ${rule.title}'
      description: rule.description
      severity: rule.severity
      enabled: true
      autoMitigate: true
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      scopes: [applicationInsights.id]
      // The tables of a new workspace appear with their first row; a check now would refuse a first deployment.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            metricMeasureColumn: rule.measure
            timeAggregation: 'Total'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [receivers.id] }
    }
  }
]

resource probe 'Microsoft.Insights/webtests@2022-06-15' = if (availabilityTest) {
  name: 'health-${token}'
  location: location
  // The link makes the test appear under its component.
  tags: union(tags, { 'hidden-link:${applicationInsights.id}': 'Resource' })
  kind: 'standard'
  properties: {
    Name: 'health'
    SyntheticMonitorId: 'health-${token}'
    Kind: 'standard'
    Enabled: true
    Frequency: 900
    Timeout: 30
    RetryEnabled: true
    Locations: [{ Id: 'emea-nl-ams-azr' }, { Id: 'us-va-ash-azr' }, { Id: 'apac-sg-sin-azr' }]
    Request: { RequestUrl: healthUrl, HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 14 }
  }
}

resource probeAlert 'Microsoft.Insights/metricAlerts@2026-01-01' = if (availabilityTest) {
  name: 'unreachable-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'GET /health fails from two places or more.'
    severity: 1
    enabled: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    scopes: [applicationInsights.id, probe.id]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: probe.id
      componentId: applicationInsights.id
      failedLocationCount: 2
    }
    actions: [{ actionGroupId: receivers.id }]
  }
}
