// Makes the API's definitions of the schemas that the broker checks requests with: openapi.json (3.1), the same as a module that is
// served, and the custom connector's (2.0). With --check it fails when a file is not what it would make.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { connectorOf } from './openapi/connector.ts'
import { openApiOf } from './openapi/definition.ts'

const root = join(import.meta.dirname, '..')
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
const definition = openApiOf(version)

const files: Readonly<Record<string, string>> = {
  'openapi.json': JSON.stringify(definition),
  'samples/power-platform/apiDefinition.swagger.json': JSON.stringify(connectorOf(version)),
  'src/http/openapi.generated.ts': [
    '// Made by `npm run openapi` of scripts/openapi/. Change that.',
    `export const openApi = ${JSON.stringify(JSON.stringify(definition))}`,
  ].join('\n'),
}

const options = await resolveConfig(join(root, 'package.json'))
for (const [name, text] of Object.entries(files)) {
  const file = join(root, name)
  const made = await format(text, { ...options, filepath: file })
  if (!process.argv.includes('--check')) await writeFile(file, made)
  else if ((await readFile(file, 'utf8').catch(() => '')) !== made) {
    console.error(`${name} is not what scripts/openapi/ makes. Run: npm run openapi`)
    process.exitCode = 1
  }
}
