import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A resource that the template deploys, at whatever depth of modules it stands. */
export interface Resource {
  /** Modules and symbolic name, e.g. `broker/site`. */
  readonly path: string
  readonly type: string
  readonly body: Json
}

/** The compiled template, as committed. */
export function readTemplate(): Json {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../infra/azuredeploy.json'), 'utf8')) as Json
}

/** @returns undefined when there is nothing at the dotted path. */
export function at(value: Json | undefined, path: string): Json | undefined {
  return path
    .split('.')
    .reduce<Json | undefined>(
      (found, key) => (isObject(found) ? found[key] : Array.isArray(found) ? found[Number(key)] : undefined),
      value,
    )
}

/** @returns the empty string when there is no text at the dotted path. */
export function textAt(value: Json | undefined, path: string): string {
  const found = at(value, path)
  return typeof found === 'string' ? found : ''
}

/** Everything that is deployed; not what is only referred to, and not the modules themselves. */
export function resourcesOf(template: Json, prefix = ''): readonly Resource[] {
  return entriesOf(at(template, 'resources')).flatMap(([name, body]) => {
    const path = `${prefix}${name}`
    const type = textAt(body, 'type')
    if (at(body, 'existing') === true) return []
    if (type === 'Microsoft.Resources/deployments') {
      return resourcesOf(at(body, 'properties.template') ?? null, `${path}/`)
    }
    return [{ path, type, body }]
  })
}

/** The template itself and those of its modules. */
export function templatesOf(template: Json, path = 'main'): readonly { path: string; template: Json }[] {
  const modules = entriesOf(at(template, 'resources')).flatMap(([name, body]) => {
    const nested = at(body, 'properties.template')
    return nested === undefined ? [] : templatesOf(nested, name)
  })
  return [{ path, template }, ...modules]
}

export function entriesOf(value: Json | undefined): readonly [string, Json][] {
  return isObject(value) ? Object.entries(value) : []
}

/** Every string in it, keys not among them. */
export function stringsOf(value: Json): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsOf)
  return entriesOf(value).flatMap(([, each]) => stringsOf(each))
}

/** App settings of the site by name; values as the template has them, expressions mostly. */
export function appSettingsOf(template: Json): ReadonlyMap<string, string> {
  const site = resourcesOf(template).find(({ type }) => type === 'Microsoft.Web/sites')
  const settings = at(site?.body, 'properties.siteConfig.appSettings')
  if (!Array.isArray(settings)) throw new Error('the app settings are not a plain list')
  return new Map(settings.map((each: Json) => [textAt(each, 'name'), textAt(each, 'value')]))
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
