import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bannerOf } from '../../local/banner.ts'
import { demoUser } from '../../local/demo/demo-tenant.ts'
import { minimalEnvironment } from '../../local/process/child-process.ts'
import { PASSWORD, startBroker, USERNAME, type TestBroker } from '../support/broker.ts'
import { powerShell7, QUIET_POWERSHELL, UNKNOWN_TO_5_1 } from '../support/powershell.ts'

/** Programs as callers have them, each with its own way to send a body and to answer a challenge. */
let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker.close())

const execute = promisify(execFile)
const POWERSHELL = powerShell7() ?? 'pwsh'
const PYTHON = process.platform === 'win32' ? 'python' : 'python3'
const TOKEN = { accesstoken: expect.stringMatching(/^eyJ/), action: expect.stringMatching(/ token$/) }
const UNKNOWN_CLIENT = { error: 'unknown_client' }

/** Each line that the program prints. */
async function printed(program: string, args: readonly string[]): Promise<string[]> {
  const quiet = { ...QUIET_POWERSHELL, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' }
  const env = { ...minimalEnvironment(process.env), ...quiet }
  const { stdout } = await execute(program, args, { env })
  return stdout.trim().split('\n')
}

/** Only where the machine has the program. */
function describeWith(program: string, args: readonly string[], tests: () => void): void {
  const isThere = spawnSync(program, args).status === 0
  if (!isThere) console.warn(`SKIPPED: ${program} is not on this machine.`)
  const describeOrSkip = isThere ? describe : describe.skip
  describeOrSkip(isThere ? program : `${program} (not on this machine)`, tests)
}

const BODY = JSON.stringify({ username: USERNAME, password: PASSWORD })
const JSON_HEADER = ['-H', 'Content-Type: application/json']
const CHUNKED = ['-H', 'Transfer-Encoding: chunked']
const ASKED = ['--anyauth', '-u', `${USERNAME}:${PASSWORD}`]

describeWith('curl', ['--version'], () => {
  test.each<[string, string[], unknown]>([
    ['as in the README', [...JSON_HEADER, '-d', BODY], TOKEN],
    ['in chunks', [...JSON_HEADER, ...CHUNKED, '-d', BODY], TOKEN],
    ['with Basic', ['-X', 'POST', '-u', `${USERNAME}:${PASSWORD}`], TOKEN],
    ['with --anyauth', ['-X', 'POST', ...ASKED], TOKEN],
    ['with --anyauth and a profile', [...ASKED, ...JSON_HEADER, '-d', '{"client":"default"}'], TOKEN],
    [
      'with --anyauth and an unknown profile in chunks',
      [...ASKED, ...JSON_HEADER, ...CHUNKED, '-d', '{"client":"nosuch"}'],
      UNKNOWN_CLIENT,
    ],
  ])('%s', async (_, args, expected) => {
    const [answer = ''] = await printed('curl', ['-sS', `${broker.url}/requesttoken`, ...args])
    expect(JSON.parse(answer)).toMatchObject(expected as Record<string, unknown>)
  })
})

test('fetch of Node.js with a stream', async () => {
  const body = ReadableStream.from([Buffer.from(BODY.slice(0, 20)), Buffer.from(BODY.slice(20))])
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    duplex: 'half',
  } as const
  const response = await fetch(`${broker.url}/requesttoken`, init)
  expect([response.status, await response.json()]).toEqual([200, expect.objectContaining(TOKEN)])
})

/** Reads `url`, `username` and `password` from the command line, and has a body that comes in pieces. */
const PYTHON_PRELUDE = `
import http.client, json, sys, urllib.parse, urllib.request
url, username, password = sys.argv[1:]
body = json.dumps({"username": username, "password": password}).encode()
pieces = lambda whole=body: (whole[at:at + 16] for at in range(0, len(whole), 16))
headers = {"Content-Type": "application/json"}
`
const PYTHON_OPENER = `
passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, url, username, password)
opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
`

describeWith(PYTHON, ['--version'], () => {
  test.each([
    ['urllib', 'print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode())'],
    [
      'urllib with a generator',
      'print(urllib.request.urlopen(urllib.request.Request(url, pieces(), headers)).read().decode())',
    ],
    [
      'urllib that is asked for credentials',
      `${PYTHON_OPENER}print(opener.open(urllib.request.Request(url, b"", headers)).read().decode())`,
    ],
    [
      'urllib that is asked for credentials, with a body',
      `${PYTHON_OPENER}print(opener.open(urllib.request.Request(url, b'{"client":"default"}', headers)).read().decode())`,
    ],
    [
      'http.client in chunks',
      `
connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
connection.request("POST", "/requesttoken", pieces(), headers, encode_chunked=True)
print(connection.getresponse().read().decode())`,
    ],
  ])('%s', async (_, program) => {
    const args = ['-c', `${PYTHON_PRELUDE}${program}`, `${broker.url}/requesttoken`, USERNAME, PASSWORD]
    const [answer = ''] = await printed(PYTHON, args)
    expect(JSON.parse(answer)).toMatchObject(TOKEN)
  })
})

const POWERSHELL_CREDENTIAL = `
$secret = ConvertTo-SecureString '${PASSWORD}' -AsPlainText -Force
$credential = [pscredential]::new('${USERNAME}', $secret)
`

describeWith(POWERSHELL, ['-Version'], () => {
  test.each([
    [
      'Invoke-RestMethod',
      `-ContentType application/json -Body (@{username='${USERNAME}'; password='${PASSWORD}'} | ConvertTo-Json)`,
    ],
    ['Invoke-RestMethod -Credential', '-Credential $credential -AllowUnencryptedAuthentication'],
  ])('%s', async (_, args) => {
    const call = `Invoke-RestMethod ${broker.url}/requesttoken -Method Post ${args} | ConvertTo-Json -Compress`
    const [answer = ''] = await printed(POWERSHELL, [
      '-NoProfile',
      '-Command',
      `${POWERSHELL_CREDENTIAL}${call}`,
    ])
    expect(JSON.parse(answer)).toMatchObject(TOKEN)
  })

  test('as `npm start` says', async () => {
    broker.entra.setUser(demoUser)
    const [, call = ''] = /in PowerShell:\n\n {2}(.*)/.exec(bannerOf(broker.url, '.local', undefined)) ?? []
    const [answer = ''] = await printed(POWERSHELL, [
      '-NoProfile',
      '-Command',
      `${call} | ConvertTo-Json -Compress`,
    ])
    expect(JSON.parse(answer)).toMatchObject(TOKEN)
  })
})

test('what `npm start` says for PowerShell has nothing that Windows PowerShell 5.1 does not know', () => {
  const [, call] = /in PowerShell:\n\n {2}(.*)/.exec(bannerOf(broker.url, '.local', undefined)) ?? []
  expect(call).toMatch(/^Invoke-RestMethod /)
  expect(UNKNOWN_TO_5_1.exec(String(call))?.[0]).toBeUndefined()
})

/** Building takes long: `npm run clients:dotnet`. */
const describeDotnet = process.env['DOTNET_CLIENTS'] === undefined ? describe.skip : describe

describeDotnet('.NET (npm run clients:dotnet)', () => {
  test('PostAsJsonAsync, HttpClientHandler.Credentials and an OAuth library', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clients-'))
    try {
      await cp(join(import.meta.dirname, 'clients'), folder, { recursive: true })
      const args = [`${broker.url}/requesttoken`, USERNAME, PASSWORD]
      const lines = await printed('dotnet', ['run', '--project', folder, '--', ...args])
      expect(lines).toEqual([
        expect.stringMatching(/^PostAsJsonAsync: 200 \{"accesstoken":"eyJ/),
        expect.stringMatching(/^HttpClientHandler\.Credentials: 200 \{"accesstoken":"eyJ/),
        expect.stringMatching(/^HttpClientHandler\.Credentials, PostAsJsonAsync: 200 \{"accesstoken":"eyJ/),
        expect.stringMatching(/^RequestPasswordTokenAsync: 200 eyJ/),
        'RequestPasswordTokenAsync: 400 invalid_grant',
      ])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
