import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { strFromU8, unzipSync } from 'fflate'
import { textsOf, workflowsOf } from '../../scripts/check-flow/workflow.ts'

interface Action {
  readonly runAfter?: Readonly<Record<string, readonly string[]>>
  readonly cases?: Readonly<Record<string, { readonly case: number; readonly actions: object }>>
}

const FOLDER = 'samples/power-automate'
const definition = readFileSync(`${FOLDER}/definition.json`, 'utf8')
const { properties } = JSON.parse(definition) as {
  properties: {
    connectionReferences: Readonly<Record<string, { id: string }>>
    definition: {
      triggers: object
      actions: Readonly<Record<string, Action>>
    }
  }
}

describe('read-accounts.zip', () => {
  const unzipped = Object.entries(unzipSync(readFileSync(`${FOLDER}/read-accounts.zip`)))
  const files = new Map(unzipped.map(([name, bytes]) => [name, strFromU8(bytes)]))
  const jsonOf = (name: string) => JSON.parse(files.get(name) ?? '') as Record<string, never>
  const manifest = jsonOf('manifest.json') as unknown as {
    resources: Record<string, { type: string; id?: string; hierarchy: string; dependsOn: string[] }>
  }
  const idsOf = (type: string) =>
    Object.entries(manifest.resources).flatMap(([id, resource]) => (resource.type === type ? id : []))
  const [flowId = ''] = idsOf('Microsoft.Flow/flows')
  const [apiId = ''] = idsOf('Microsoft.PowerApps/apis')
  const [connectionId = ''] = idsOf('Microsoft.PowerApps/apis/connections')

  test('has the files of a package, and the definition as it is', () => {
    expect([...files.keys()]).toEqual([
      `Microsoft.Flow/flows/${flowId}/apisMap.json`,
      `Microsoft.Flow/flows/${flowId}/connectionsMap.json`,
      `Microsoft.Flow/flows/${flowId}/definition.json`,
      'Microsoft.Flow/flows/manifest.json',
      'manifest.json',
    ])
    expect(files.get(`Microsoft.Flow/flows/${flowId}/definition.json`)).toBe(definition)
    expect(jsonOf('Microsoft.Flow/flows/manifest.json')).toEqual({
      packageSchemaVersion: '1.0',
      flowAssets: { assetPaths: [flowId] },
    })
  })

  test('asks for one connection to Key Vault', () => {
    expect(Object.keys(manifest.resources)).toEqual([flowId, apiId, connectionId])
    expect(manifest.resources[flowId]).toMatchObject({ hierarchy: 'Root', dependsOn: [apiId, connectionId] })
    expect(manifest.resources[connectionId]).toMatchObject({ hierarchy: 'Child', dependsOn: [apiId] })
    expect(jsonOf(`Microsoft.Flow/flows/${flowId}/apisMap.json`)).toEqual({ shared_keyvault: apiId })
    expect(jsonOf(`Microsoft.Flow/flows/${flowId}/connectionsMap.json`)).toEqual({
      shared_keyvault: connectionId,
    })
    const id = '/providers/Microsoft.PowerApps/apis/shared_keyvault'
    expect(manifest.resources[apiId]?.id).toBe(id)
    expect(properties.connectionReferences).toMatchObject({ shared_keyvault: { id } })
  })

  test('is what npm run flow-package makes', async () => {
    const args = ['scripts/flow-package.ts', '--check']
    expect(await promisify(execFile)(process.execPath, args)).toEqual({ stdout: '', stderr: '' })
  })
})

describe('the steps that build it by hand', () => {
  const [workflow] = workflowsOf('definition.json', JSON.parse(definition))
  const steps = (
    readFileSync(`${FOLDER}/README.md`, 'utf8').split('## Build it by hand')[1] ?? ''
  ).replaceAll(/\s+/g, ' ')
  const shown = (name: string) => name.replaceAll('_', ' ')
  const placeOf = (name: string) => steps.indexOf(`**${shown(name)}**`)
  const actions = (workflow?.actions ?? []).toSorted(
    (one, other) => definition.indexOf(`"${one.name}": {`) - definition.indexOf(`"${other.name}": {`),
  )

  test('name the trigger and every action, in order', () => {
    const places = [...Object.keys(properties.definition.triggers), ...actions.map(({ name }) => name)].map(
      placeOf,
    )
    expect(places).toHaveLength(13)
    expect(places.every((place) => place !== -1)).toBe(true)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })

  test.each(actions.map((action, i) => [action.name, action, actions[i + 1]] as const))(
    'have every value of %s, and its security',
    (name, action, next) => {
      const section = steps.slice(placeOf(name), next ? placeOf(next.name) : undefined)
      const values = [action.inputs, action.subject].flatMap((value) => textsOf(value))
      const said = values.filter(({ place }) => !/^\/(host|authentication|runStatus)/.test(place))
      expect(said.map(({ text }) => text).filter((text) => !section.includes(`\`${text}\``))).toEqual([])
      if (action.type !== 'terminate' && action.type !== 'switch') {
        expect(section).toContain(
          `Secure inputs ${action.hasSecureInputs ? 'on' : 'off'}, secure outputs ${action.hasSecureOutputs ? 'on' : 'off'}.`,
        )
      }
    },
  )

  test('have the retry policy and the outcomes to run after', () => {
    expect(steps).toContain('count `4`')
    const words: Readonly<Record<string, string>> = {
      Succeeded: '_is successful_',
      Failed: '_has failed_',
      TimedOut: '_has timed out_',
    }
    const missing = Object.values(properties.definition.actions)
      .flatMap(({ runAfter = {} }) => Object.entries(runAfter))
      .map(
        ([before, outcomes]) =>
          `Run after ${shown(before)}: ${outcomes.map((each) => words[each]).join(' and ')}`,
      )
      .filter((sentence) => !steps.includes(sentence))
    expect(missing).toEqual([])
  })

  test('have every case in a row', () => {
    const rows = Object.entries(properties.definition.actions['Which_error']?.cases ?? {}).map(
      ([label, { case: status, actions: inner }]) =>
        `| ${shown(label)} | \`${status}\` | **${shown(Object.keys(inner)[0] ?? '')}** |`,
    )
    expect(rows).toHaveLength(6)
    expect(rows.filter((row) => !steps.includes(row))).toEqual([])
  })
})
