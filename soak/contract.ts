import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'

interface Schema {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, unknown>>
}

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

const definition = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8')) as {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>>
  >
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** The contract is openapi.json: the statuses of the operation, and of each the fields of its schema and none more. */
export const contract = {
  /** @returns what is wrong with the answer, without what it holds. */
  violationOf(path: string, status: number, text: string): string | undefined {
    const operation = Object.values(definition.paths[path] ?? {})[0]
    const response = operation?.responses[status]
    if (!response) return `${path} was answered ${status}`
    const schema = resolved(response.content?.['application/json']?.schema)
    if (!schema) return undefined
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return `${path} was answered ${status} without JSON`
    }
    const { error } = z.fromJSONSchema(schema as never).safeParse(body)
    if (error) {
      const fields = error.issues.map(({ path: field }) => field.join('.'))
      return `${path} was answered ${status} with wrong fields: ${fields.join(', ')}`
    }
    const unknown = Object.keys(body as object).filter((field) => !(field in (schema.properties ?? {})))
    if (unknown.length > 0) return `${path} was answered ${status} with unknown fields: ${unknown.join(', ')}`
    const isUnforeseen = (body as { readonly error?: string }).error === 'internal_error'
    return isUnforeseen ? `${path} was answered internal_error` : undefined
  },
}

function resolved(schema: Schema | undefined): Schema | undefined {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(schema?.$ref ?? '')?.[1]
  return name === undefined ? schema : definition.components.schemas[name]
}
