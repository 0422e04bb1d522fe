import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, never>

test.each([
  ['openapi.json', '3.1'],
  ['samples/power-platform/apiDefinition.swagger.json', '2.0'],
])('%s is a valid definition of version %s', async (file, version) => {
  const validator = new Validator()
  expect(await validator.validate(read(file))).toEqual({ valid: true })
  expect(validator.version).toBe(version)
})

// A second opinion, by people who did not write the first. Its telemetry and its look for a newer one are off.
test.each(['openapi.json', 'samples/power-platform/apiDefinition.swagger.json'])(
  'the linter of Redocly finds no error in %s',
  async (file) => {
    const args = ['node_modules/@redocly/cli/bin/cli.js', 'lint', '--format=json', file]
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env }).catch(
      (failed: { stdout: string }) => failed,
    )
    const { totals, problems } = JSON.parse(stdout) as {
      totals: { errors: number }
      problems: { severity: string }[]
    }
    expect([totals.errors, problems.filter(({ severity }) => severity === 'error')]).toEqual([0, []])
  },
)

test('no bound of the definitions is one of a double', () => {
  for (const file of ['openapi.json', 'samples/power-platform/apiDefinition.swagger.json']) {
    expect(readFileSync(file, 'utf8')).not.toContain('9007199254740991')
  }
})

// paconn-settings.schema.json of the connectors repository: strings alone, and no field that it does not know.
test("the connector's settings.json is as paconn reads it", () => {
  expect(read('samples/power-platform/settings.json')).toEqual({
    apiProperties: 'apiProperties.json',
    apiDefinition: 'apiDefinition.swagger.json',
    icon: 'icon.png',
    powerAppsUrl: 'https://api.powerapps.com',
    powerAppsApiVersion: '2016-11-01',
  })
})

test('every request of the definition says what is required, and never an example that is a secret of somebody', () => {
  const { components } = read('openapi.json') as unknown as {
    components: { schemas: Record<string, { required?: string[]; properties: Record<string, unknown> }> }
  }
  const { TokenRequest, Error: failure } = components.schemas
  expect(TokenRequest?.required).toEqual(['username', 'password'])
  expect(Object.keys(TokenRequest?.properties ?? {})).toEqual([
    'username',
    'password',
    'client',
    'min_valid_seconds',
  ])
  expect(failure?.required).toEqual(['error', 'description', 'remedy', 'retryable', 'correlation_id'])
})

// https://learn.microsoft.com/connectors/custom-connectors/submit-for-certification
test("the connector keeps to the platform's rules", () => {
  const { host, paths } = read('samples/power-platform/apiDefinition.swagger.json') as unknown as {
    host: string
    paths: Record<string, Record<string, Record<string, unknown>>>
  }
  expect(host).toMatch(/^[a-z0-9.-]+$/)
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  expect(operations).toHaveLength(1)
  for (const operation of operations) {
    expect(operation['operationId']).toMatch(/^[A-Z][A-Za-z]+$/)
    expect(String(operation['summary']).length).toBeLessThanOrEqual(80)
    // A sentence that ends with a period, and a summary that does not.
    expect(String(operation['summary'])).toMatch(/[^.]$/)
    expect(String(operation['description'])).toMatch(/\.$/)
    for (const response of Object.values(operation['responses'] as Record<string, { schema?: unknown }>)) {
      expect(response.schema).toBeDefined()
    }
  }
  expect(JSON.stringify(paths)).not.toMatch(/password"\s*:/)
})

test("the connector's icon is 230 by 230, its colour none that the platform reserves", () => {
  const png = readFileSync('samples/power-platform/icon.png')
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([230, 230])
  const { properties } = read('samples/power-platform/apiProperties.json') as unknown as {
    properties: { iconBrandColor: string; connectionParameters: Record<string, { type: string }> }
  }
  expect(properties.iconBrandColor).toMatch(/^#(?!007ee5|ffffff)[0-9a-f]{6}$/)
  expect(Object.entries(properties.connectionParameters).map(([name, { type }]) => [name, type])).toEqual([
    ['username', 'securestring'],
    ['password', 'securestring'],
    ['function_key', 'securestring'],
  ])
})
