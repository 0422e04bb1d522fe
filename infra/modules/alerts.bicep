// What someone must be told, each as one query over the broker's own log lines. A query gives the lines themselves, so that whoever
// follows an alert's link sees whom it is about: client, userHash, caller, aadsts.
import { Tags } from '../types.bicep'

@description('Suffix of the names.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Receivers. Empty: alerts show in the portal only.')
param emails string[]

@description('Whether the rules are on.')
param alertsEnabled bool

@description('Where telemetry goes.')
param applicationInsightsName string

@description('Where the logs end up. It notes there that its daily bound is reached.')
param workspaceName string

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
  @description('Numeric column of the query whose sum is compared. Default failures.')
  measure: string?
  operator: 'GreaterThan' | 'GreaterThanOrEqual' | 'LessThan'
  threshold: int
  window: string
  @description('How often it is asked, which is what it costs. Default every 15 minutes.')
  frequency: string?
  @description('Asks the workspace, not the component. Default false.')
  inWorkspace: bool?
}

var rules Rule[] = [
  {
    name: 'timer-silent'
    title: 'Pre-refresh timer is silent'
    description: 'No sweep of refreshtokens came to its end in 10 minutes. Callers still get tokens, later than usual. First see whether the bound of logs is reached. When timers stopped after a deployment, those who reported it got no help from restarts and redeployments (azure-functions-host #11828): open a support request.'
    severity: 2
    query: loadTextContent('../queries/timer-silent.kql')
    measure: 'sweeps'
    operator: 'LessThan'
    threshold: 1
    window: 'PT10M'
    frequency: 'PT5M'
  }
  {
    name: 'requests-failing'
    title: 'Token requests fail'
    description: 'Five or more answers of 500 and above in 15 minutes, or calls that nobody answered.'
    severity: 1
    query: loadTextContent('../queries/requests-failing.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 5
    window: 'PT15M'
    frequency: 'PT5M'
  }
  {
    name: 'identity-provider-failing'
    title: 'Entra ID or a dependency fails'
    description: 'Ten or more token requests or refreshes failed in 15 minutes because Entra ID, Key Vault or Storage did not answer. Valid tokens are still served.'
    severity: 2
    query: loadTextContent('../queries/identity-provider-failing.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 10
    window: 'PT15M'
    frequency: 'PT5M'
  }
  {
    name: 'misconfigured'
    title: 'Broker is misconfigured'
    description: 'A client profile, a key, a right or a setting is missing or wrong. The log line\'s detail names it.'
    severity: 1
    query: loadTextContent('../queries/misconfigured.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 1
    window: 'PT15M'
  }
  {
    name: 'accounts-locked'
    title: 'Accounts are locked'
    description: 'Ten or more requests in 15 minutes met a locked account, or came from a caller who had twenty users refused: a flow with an old password, or someone who guesses.'
    severity: 2
    query: loadTextContent('../queries/accounts-locked.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 10
    window: 'PT15M'
  }
  {
    name: 'chunks-failing'
    title: 'A share of the pre-refresh fails'
    description: 'refreshchunk failed three times or more in an hour, or gave a message up to the queue refreshchunk-poison. Its entries are in the index still: the timer hands them out again.'
    severity: 3
    query: loadTextContent('../queries/chunks-failing.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 3
    window: 'PT1H'
  }
  {
    name: 'failing-for-a-day'
    title: 'A user or a grant has failed for a day'
    description: 'Nothing worked for a user in twelve hours or more, or refreshes failed in twenty hours of the day. The workbook says who and why.'
    severity: 3
    query: loadTextContent('../queries/failing-for-a-day.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 1
    window: 'P1D'
    frequency: 'PT1H'
  }
  {
    name: 'connections-to-see-to'
    title: 'A connection needs a person'
    description: 'A sign-in behind a connection has ended, or ends within 14 days, or nobody ever signed in. A flow with an ended one gets 403. The line names the connection: GET /connections/{name} has the link for its owner.'
    severity: 3
    query: loadTextContent('../queries/connections-to-see-to.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 1
    window: 'P1D'
    frequency: 'PT1H'
  }
  {
    name: 'log-cap-reached'
    title: 'The daily bound of logs is reached'
    description: 'Nothing more is logged until the next day: the alert on the silent timer fires, and no other one does. The broker works. The workbook says what fills the log; dailyQuotaInGb raises the bound.'
    severity: 2
    query: loadTextContent('../queries/log-cap-reached.kql')
    operator: 'GreaterThanOrEqual'
    threshold: 1
    window: 'PT1H'
    inWorkspace: true
  }
]

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
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

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${rule.name}-${token}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Token broker: ${rule.title}'
      description: rule.description
      severity: rule.severity
      enabled: alertsEnabled
      autoMitigate: true
      evaluationFrequency: rule.?frequency ?? 'PT15M'
      windowSize: rule.window
      scopes: [(rule.?inWorkspace ?? false) ? workspace.id : applicationInsights.id]
      // The tables of a new workspace appear with their first row; a check now would refuse a first deployment.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            metricMeasureColumn: rule.?measure ?? 'failures'
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

// Its next GA version is of 2026: not every cloud has it.
#disable-next-line use-recent-api-versions
resource probeAlert 'Microsoft.Insights/metricAlerts@2018-03-01' = if (availabilityTest) {
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
