import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { minimalEnvironment } from '../../local/process/child-process.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { powerShell7, QUIET_POWERSHELL, UNKNOWN_TO_5_1 } from '../support/powershell.ts'

/** Everything that somebody's quoting could stumble over. */
const USER = { username: 'sample@contoso.example', password: `Qu"o'te\\ $HOME ü-1` }
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
  broker.entra.setUser(USER)
})
afterAll(() => broker.close())

const SAMPLES = [
  ['get-token.sh', 'sh', ['samples/requests/get-token.sh']],
  ['get_token.py', 'python3', ['samples/requests/get_token.py']],
  ['get-token.mjs', process.execPath, ['samples/requests/get-token.mjs']],
  ['Get-Token.ps1', powerShell7() ?? 'pwsh', ['-NoProfile', '-File', 'samples/requests/Get-Token.ps1']],
] as const

/** @returns what the sample prints, and the code it ends with. */
async function run(program: string, args: readonly string[], password: string, key = 'a-key') {
  const env = {
    ...minimalEnvironment(process.env),
    ...QUIET_POWERSHELL,
    BROKER_URL: broker.url,
    BROKER_USERNAME: USER.username,
    BROKER_PASSWORD: password,
    BROKER_KEY: key,
  }
  return promisify(execFile)(program, args, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      stdout,
      stderr,
    }),
  )
}

describe.each(SAMPLES)('%s', (_, program, args) => {
  const isThere =
    spawnSync(program, ['--version']).status === 0 ||
    spawnSync(program, ['-c', 'curl --version']).status === 0
  if (!isThere) console.warn(`SKIPPED: ${program} is not on this machine.`)
  const testOrSkip = isThere ? test : test.skip

  testOrSkip('prints the token, whatever is in the password and the key', async () => {
    const { code, stdout, stderr } = await run(program, args, USER.password, 'key"with\\odd')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\r?\n$/)
  })

  testOrSkip('prints the error with its remedy, and fails', async () => {
    const { code, stdout, stderr } = await run(program, args, 'wrong')
    expect([code, stdout]).toEqual([1, ''])
    expect(JSON.parse(stderr)).toMatchObject({ error: 'invalid_credentials', remedy: expect.any(String) })
  })
})

const testPowerShell = powerShell7() ? test : test.skip
testPowerShell('what the README says for PowerShell prints the token', async () => {
  broker.entra.setUser({ username: 'demo@contoso.example', password: 'Correct-Horse-Battery-1' })
  const readme = readFileSync('samples/requests/README.md', 'utf8')
  const [, script = ''] = /```powershell\n([^`]*)```/.exec(readme) ?? []
  const command = `cd samples/requests; ${script.replace('http://localhost:7071', broker.url)}`
  expect(UNKNOWN_TO_5_1.exec(script.replaceAll('\n', ' '))?.[0]).toBeUndefined()
  const { code, stdout, stderr } = await run(String(powerShell7()), ['-NoProfile', '-Command', command], '')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\r?\n$/)
})

// Windows PowerShell 5.1 runs on Windows alone, and reads a file without a byte order mark as ANSI.
test('Get-Token.ps1 has nothing that Windows PowerShell 5.1 does not know', () => {
  expect(UNKNOWN_TO_5_1.exec(readFileSync('samples/requests/Get-Token.ps1', 'utf8'))?.[0]).toBeUndefined()
})

test('get-token.http, sent as an editor sends it', async () => {
  const user = { username: 'editor@contoso.example', password: 'Plain-1' }
  broker.entra.setUser(user)
  const variables: Readonly<Record<string, string>> = {
    BROKER_URL: broker.url,
    BROKER_KEY: 'a-key',
    BROKER_USERNAME: user.username,
    BROKER_PASSWORD: user.password,
  }
  const request = readFileSync('samples/requests/get-token.http', 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\{\{\$processEnv (\w+)\}\}/g, (_, name: string) => variables[name] ?? '')
    .trim()
  const [head = '', body = ''] = request.split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  const [method = '', url = ''] = first.split(' ')
  const headers = lines.map((line) => line.split(': ') as [string, string])
  const response = await fetch(url, { method, headers, body })
  expect([response.status, await response.json()]).toEqual([
    200,
    expect.objectContaining({ accesstoken: expect.stringMatching(/^eyJ/) }),
  ])
})

interface Workflow {
  readonly actions: { readonly Which_error: { readonly cases: Readonly<Record<string, { case: number }>> } }
}

test.each([
  ['samples/logic-apps/consumption.workflow.json'],
  ['samples/logic-apps/standard.workflow.json'],
  ['samples/power-automate/definition.json'],
])('%s has a branch for each answer that waiting does not cure', (file) => {
  const json = JSON.parse(readFileSync(file, 'utf8')) as {
    definition?: Workflow
    properties?: { definition: Workflow }
  }
  const workflow = json.definition ?? json.properties?.definition
  const cases = Object.values(workflow?.actions.Which_error.cases ?? {}).map((each) => each.case)
  expect(cases).toEqual([400, 401, 403, 404, 423, 500])
  // The platform's own 401 has no body.
  expect(JSON.stringify(workflow)).toContain('check_the_function_key')
})

/** Building takes long: `npm run clients:dotnet`. */
const testDotnet = process.env['DOTNET_CLIENTS'] === undefined ? test.skip : test
testDotnet(
  'GetToken.cs prints the token, or the error with its remedy (npm run clients:dotnet)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sample-'))
    try {
      await cp('samples/requests/GetToken.cs', join(folder, 'Program.cs'))
      await cp('test/end-to-end/clients/clients.csproj', join(folder, 'sample.csproj'))
      const args = ['run', '--project', folder]
      const good = await run('dotnet', args, USER.password)
      expect([good.code, good.stderr]).toEqual([0, ''])
      expect(good.stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\r?\n$/)
      const bad = await run('dotnet', args, 'wrong-dotnet')
      expect([bad.code, bad.stdout]).toEqual([1, ''])
      expect(JSON.parse(bad.stderr)).toMatchObject({
        error: 'invalid_credentials',
        remedy: expect.any(String),
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

test.each(['get-token.http', 'GetToken.cs', ...SAMPLES.map(([file]) => file)])(
  '%s takes its secrets from outside',
  (file) => {
    const text = readFileSync(`samples/requests/${file}`, 'utf8')
    for (const name of ['BROKER_URL', 'BROKER_KEY', 'BROKER_USERNAME', 'BROKER_PASSWORD']) {
      expect(text).toContain(name)
    }
    expect(text).not.toMatch(/password["']?\s*[:=]\s*["'](?!\{\{|\$)/i)
  },
)
