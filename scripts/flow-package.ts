// Makes samples/power-automate/read-accounts.zip of the definition.json beside it: a package as Power Automate exports one, which
// My flows › Import › Import Package (Legacy) reads. With --check it fails when the file is not what it would make.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'

const folder = join(import.meta.dirname, '..', 'samples', 'power-automate')
const file = join(folder, 'read-accounts.zip')
const definition = await readFile(join(folder, 'definition.json'), 'utf8')
const { properties } = JSON.parse(definition) as {
  properties: { displayName: string; connectionReferences: Readonly<Record<string, { id: string }>> }
}
const { displayName, connectionReferences } = properties
/** As the importer shows them. */
const CONNECTORS: Readonly<Record<string, string>> = { shared_keyvault: 'Azure Key Vault' }

const flowId = idOf('flow')
const connections = Object.entries(connectionReferences).map(([name, { id }]) => ({
  name,
  id,
  connector: connectorOf(name),
  apiId: idOf(`${name} connector`),
  connectionId: idOf(`${name} connection`),
}))

const manifest = {
  schema: '1.0',
  details: {
    displayName,
    description: 'Gets a token from entra-token-broker and reads an API with it.',
    createdTime: '2026-01-01T00:00:00.0000000Z',
    packageTelemetryId: idOf('package'),
    creator: 'N/A',
    sourceEnvironment: '',
  },
  resources: {
    [flowId]: {
      type: 'Microsoft.Flow/flows',
      suggestedCreationType: 'New',
      creationType: 'Existing, New, Update',
      details: { displayName },
      configurableBy: 'User',
      hierarchy: 'Root',
      dependsOn: connections.flatMap(({ apiId, connectionId }) => [apiId, connectionId]),
    },
    ...Object.fromEntries(connections.flatMap(resourcesOf)),
  },
}

const files: Readonly<Record<string, string>> = {
  [`Microsoft.Flow/flows/${flowId}/apisMap.json`]: JSON.stringify(mapOf('apiId')),
  [`Microsoft.Flow/flows/${flowId}/connectionsMap.json`]: JSON.stringify(mapOf('connectionId')),
  [`Microsoft.Flow/flows/${flowId}/definition.json`]: definition,
  'Microsoft.Flow/flows/manifest.json': JSON.stringify({
    packageSchemaVersion: '1.0',
    flowAssets: { assetPaths: [flowId] },
  }),
  'manifest.json': JSON.stringify(manifest),
}
const contents = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))
// The same bytes whenever and wherever it is made.
const made = Buffer.from(zipSync(contents, { mtime: new Date(2026, 0, 1) }))

if (!process.argv.includes('--check')) await writeFile(file, made)
else if (!made.equals(await readFile(file).catch(() => Buffer.of()))) {
  console.error('samples/power-automate/read-accounts.zip is not what it would be. Run: npm run flow-package')
  process.exitCode = 1
}

/** Formed like the random ones of the platform (version 4), and the same in every package. */
function idOf(what: string): string {
  const hex = createHash('sha256').update(`entra-token-broker ${what}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function connectorOf(name: string): string {
  const connector = CONNECTORS[name]
  if (!connector) throw new Error(`scripts/flow-package.ts does not know what ${name} is called.`)
  return connector
}

function resourcesOf({ name, id, connector, apiId, connectionId }: (typeof connections)[number]) {
  const common = {
    suggestedCreationType: 'Existing',
    details: { displayName: connector },
    hierarchy: 'Child',
  }
  return [
    [
      apiId,
      { id, name, type: 'Microsoft.PowerApps/apis', ...common, configurableBy: 'System', dependsOn: [] },
    ],
    [
      connectionId,
      {
        type: 'Microsoft.PowerApps/apis/connections',
        creationType: 'Existing',
        ...common,
        configurableBy: 'User',
        dependsOn: [apiId],
      },
    ],
  ] as const
}

function mapOf(which: 'apiId' | 'connectionId'): Readonly<Record<string, string>> {
  return Object.fromEntries(connections.map((connection) => [connection.name, connection[which]]))
}
