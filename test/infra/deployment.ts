import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { at, type Json } from './arm-template.ts'
import { BICEP } from './bicep.ts'

const root = join(import.meta.dirname, '../..')
const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001'
const TENANT = '00000000-0000-0000-0000-000000000002'

/** What a deployment would make, every expression worked out that needs no Azure. */
export interface Deployment {
  readonly resources: readonly Json[]
  /** Of this type, each; throws when there is none. */
  of(type: string): readonly Json[]
}

/**
 * Bicep's own engine works the committed template out, with these parameters.
 *
 * @throws {Error} with what it says, when it refuses.
 */
export async function deploymentOf(parameters: Readonly<Record<string, Json>> = {}): Promise<Deployment> {
  // Beside the template: Bicep wants a relative path to it.
  const folder = await mkdtemp(join(root, 'node_modules/.cache/deployment-'))
  try {
    const all = { environmentName: 'x', location: 'westeurope', principalId: TENANT, ...parameters }
    const lines = Object.entries(all).map(([name, value]) => `param ${name} = ${bicepOf(value)}`)
    await writeFile(
      join(folder, 'main.bicepparam'),
      ["using '../../../infra/azuredeploy.json'", ...lines].join('\n'),
    )
    await snapshot(join(folder, 'main.bicepparam'))
    const text = await readFile(join(folder, 'main.snapshot.json'), 'utf8')
    const { predictedResources: resources } = JSON.parse(text) as { predictedResources: readonly Json[] }
    return {
      resources,
      of(type) {
        const found = resources.filter((resource) => at(resource, 'type') === type)
        if (found.length === 0) throw new Error(`there is no ${type}`)
        return found
      },
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function bicepOf(value: Json): string {
  const text = JSON.stringify(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('${', '\\${')
  return `json('${text}')`
}

function snapshot(file: string): Promise<void> {
  const args = ['snapshot', file, '--subscription-id', SUBSCRIPTION, '--tenant-id', TENANT]
  return new Promise((resolve, reject) => {
    execFile(BICEP, [...args, '--location', 'westeurope'], (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout}${stderr}`)) : resolve(),
    )
  })
}
