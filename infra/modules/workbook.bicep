// The broker's own figures, on one page of the portal.
import { Tags } from '../types.bicep'

@description('Region.')
param location string

@description('Tags.')
param tags Tags

@description('Where telemetry goes.')
param applicationInsightsName string

@description('Where the logs end up.')
param workspaceName string

type Chart = {
  title: string
  query: string
  visualization: 'table' | 'timechart' | 'barchart'
  @description('Asks the workspace, not the component. Default false.')
  inWorkspace: bool?
}

var charts Chart[] = [
  {
    title: 'Answers'
    query: loadTextContent('../queries/workbook/answers.kql')
    visualization: 'timechart'
  }
  {
    title: 'Time to answer, by where the token came from (milliseconds)'
    query: loadTextContent('../queries/workbook/durations.kql')
    visualization: 'table'
  }
  {
    title: 'Calls of Entra ID, by what they were made for'
    query: loadTextContent('../queries/workbook/provider-calls.kql')
    visualization: 'timechart'
  }
  {
    title: 'Client profiles'
    query: loadTextContent('../queries/workbook/clients.kql')
    visualization: 'table'
  }
  {
    title: 'Errors, with Entra ID\'s own codes'
    query: loadTextContent('../queries/workbook/errors.kql')
    visualization: 'table'
  }
  {
    title: 'Users whom the broker could not serve'
    query: loadTextContent('../queries/workbook/users.kql')
    visualization: 'table'
  }
  {
    title: 'Callers: function keys or applications, as keyed digests'
    query: loadTextContent('../queries/workbook/callers.kql')
    visualization: 'table'
  }
  {
    title: 'Pre-refresh: due, refreshed, failed, dropped'
    query: loadTextContent('../queries/workbook/sweeps.kql')
    visualization: 'timechart'
  }
  {
    title: 'Pre-refresh: oldest lag and longest run (milliseconds)'
    query: loadTextContent('../queries/workbook/sweep-lag.kql')
    visualization: 'timechart'
  }
  {
    title: 'Pre-refresh: failures by cause'
    query: loadTextContent('../queries/workbook/failed-refreshes.kql')
    visualization: 'table'
  }
  {
    title: 'What operators did'
    query: loadTextContent('../queries/workbook/operators.kql')
    visualization: 'table'
  }
  {
    title: 'What fills the log (megabytes an hour)'
    query: loadTextContent('../queries/workbook/ingestion.kql')
    visualization: 'barchart'
    inWorkspace: true
  }
  {
    title: 'Latest warnings and errors'
    query: loadTextContent('../queries/workbook/faults.kql')
    visualization: 'table'
  }
]

var timeRange = {
  type: 9
  name: 'time'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    parameters: [
      {
        id: guid('time')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 }
        typeSettings: {
          selectableValues: [
            { durationMs: 3600000 }
            { durationMs: 86400000 }
            { durationMs: 604800000 }
            { durationMs: 2592000000 }
          ]
        }
      }
    ]
  }
}

var items = [
  for (chart, i) in charts: {
    type: 3
    name: 'chart-${i}'
    content: {
      version: 'KqlItem/1.0'
      title: chart.title
      query: chart.query
      size: 0
      timeContextFromParameter: 'TimeRange'
      queryType: 0
      resourceType: (chart.?inWorkspace ?? false)
        ? 'microsoft.operationalinsights/workspaces'
        : 'microsoft.insights/components'
      crossComponentResources: [(chart.?inWorkspace ?? false) ? workspace.id : applicationInsights.id]
      visualization: chart.visualization
    }
  }
]

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(applicationInsights.id, 'token-broker')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Token broker'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: applicationInsights.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([timeRange], items)
      fallbackResourceIds: [applicationInsights.id]
    })
  }
}
