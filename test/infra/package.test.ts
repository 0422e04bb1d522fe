import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
/** Away from the repository, whose node_modules would be found otherwise. */
const packageFolder = mkdtempSync(join(tmpdir(), 'package-'))

/** Loads the package as the Functions worker does, with the least of a host that answers `@azure/functions-core`. */
const HOST = `
  const Module = require('node:module')
  const load = Module._load
  const registered = []
  const core = {
    version: '4.0.0', hostVersion: '4.0.0',
    registerFunction: (metadata) => registered.push({ name: metadata.name, bindings: Object.values(metadata.bindings) }),
    setProgrammingModel() {}, getProgrammingModel() {}, log() {},
    registerHook: () => ({ dispose() {} }), Disposable: class { dispose() {} },
  }
  Module._load = (request, ...rest) => (request === '@azure/functions-core' ? core : load(request, ...rest))
  require(process.argv[1])
  process.stdout.write(JSON.stringify(registered))
`

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/package.ts'], { cwd: root })
  cpSync(join(root, '.deploy'), packageFolder, { recursive: true })
})
afterAll(() => rmSync(packageFolder, { recursive: true }))

test('the package is the bundle, host.json and a package.json without dependencies', () => {
  expect(readdirSync(packageFolder, { recursive: true }).map(String).toSorted()).toEqual(
    [
      'dist',
      'dist/broker.cjs',
      'dist/broker.cjs.LEGAL.txt',
      'dist/index.cjs',
      'dist/index.cjs.LEGAL.txt',
      'host.json',
      'package.json',
    ].map((name) => join(name)),
  )
  expect(JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))).toEqual({
    name: 'entra-token-broker',
    version: expect.any(String),
    private: true,
    main: 'dist/index.cjs',
  })
})

test('the bill of materials of a release names every package that is in the bundle', () => {
  const bundle = ['index', 'broker']
    .map((name) => readFileSync(join(packageFolder, `dist/${name}.cjs`), 'utf8'))
    .join('\n')
  const bundled = new Set(
    [...bundle.matchAll(/^ *\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => String(name)),
  )
  const script = join(root, 'scripts/bill-of-materials.ts')
  const bill = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as {
    bomFormat: string
    metadata: { component: { name: string } }
    components: { name: string }[]
  }
  const billed = new Set(bill.components.map(({ name }) => name))
  expect([bill.bomFormat, bill.metadata.component.name]).toEqual(['CycloneDX', 'entra-token-broker'])
  expect([bundled.has('@azure/msal-node'), bundled.has('zod')]).toEqual([true, true])
  expect([...bundled].filter((name) => !billed.has(name))).toEqual([])
  expect(['jest', 'azurite', 'typescript'].filter((name) => billed.has(name))).toEqual([])
})

/** What the bundle registers, with no help from node_modules. */
function registeredFunctions(): readonly { name: string; bindings: Record<string, unknown>[] }[] {
  const { main } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { main: string }
  const said = execFileSync(process.execPath, ['--eval', HOST, join(packageFolder, main)], {
    cwd: packageFolder,
    encoding: 'utf8',
    env: {},
  })
  return JSON.parse(said) as { name: string; bindings: Record<string, unknown>[] }[]
}

test('host.json keeps the log lines of every function, and no row for a function that did its work', () => {
  const { logging } = JSON.parse(readFileSync(join(packageFolder, 'host.json'), 'utf8')) as {
    logging: { logLevel: Record<string, string> }
  }
  const namesThatLog = registeredFunctions()
    .map(({ name }) => name)
    .filter((name) => !['health', 'oauthmetadata', 'openapi', 'status'].includes(name))
  expect(logging.logLevel).toEqual({
    default: 'Warning',
    'Host.Results': 'Error',
    Function: 'Warning',
    ...Object.fromEntries(namesThatLog.map((name) => [`Function.${name}.User`, 'Information'])),
  })
})

test('infra/README.md names the functions that must be registered', () => {
  const readme = readFileSync(join(root, 'infra/README.md'), 'utf8')
  const [, list] = /functions that must be registered are ([^:]+):/.exec(readme) ?? []
  const named = [...String(list).matchAll(/`(\w+)`/g)].map(([, name]) => name)
  expect(named).toEqual(
    registeredFunctions()
      .map(({ name }) => name)
      .toSorted(),
  )
})

test('the packaged bundle registers the functions, with no help from node_modules', () => {
  const functions = registeredFunctions()
  const triggers = functions.map(({ name, bindings }) => {
    const { type, authLevel, queueName, connection, schedule, runOnStartup } =
      bindings.find(({ direction }) => direction === 'in') ?? {}
    return { name, type, authLevel, queueName, connection, schedule, runOnStartup: runOnStartup ?? false }
  })
  const trigger = { authLevel: undefined, queueName: undefined, connection: undefined, schedule: undefined }
  expect(triggers.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { ...trigger, name: 'connect', type: 'httpTrigger', authLevel: 'anonymous', runOnStartup: false },
    { ...trigger, name: 'connectiondelete', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'connectionget', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'connectionmake', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'connections', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'connectionsecret', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'doctor', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'health', type: 'httpTrigger', authLevel: 'anonymous', runOnStartup: false },
    { ...trigger, name: 'oauthmetadata', type: 'httpTrigger', authLevel: 'anonymous', runOnStartup: false },
    { ...trigger, name: 'openapi', type: 'httpTrigger', authLevel: 'anonymous', runOnStartup: false },
    { ...trigger, name: 'ready', type: 'httpTrigger', authLevel: 'function', runOnStartup: false },
    {
      ...trigger,
      name: 'refreshchunk',
      type: 'queueTrigger',
      queueName: 'refreshchunk',
      connection: 'DataStorage',
      runOnStartup: false,
    },
    {
      ...trigger,
      name: 'refreshtokens',
      type: 'timerTrigger',
      schedule: '%REFRESH_SCHEDULE%',
      runOnStartup: false,
    },
    { ...trigger, name: 'requesttoken', type: 'httpTrigger', authLevel: 'function', runOnStartup: false },
    { ...trigger, name: 'status', type: 'httpTrigger', authLevel: 'anonymous', runOnStartup: false },
    { ...trigger, name: 'statusdata', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'token', type: 'httpTrigger', authLevel: 'function', runOnStartup: false },
    { ...trigger, name: 'tokens', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'tokensfind', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'tokensforget', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'tokensforgetclient', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
    { ...trigger, name: 'tokensforgetuser', type: 'httpTrigger', authLevel: 'admin', runOnStartup: false },
  ])
})
