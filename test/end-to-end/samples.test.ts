import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { minimalEnvironment } from '../../local/process/child-process.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'

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
  ['Get-Token.ps1', 'pwsh', ['-NoProfile', '-File', 'samples/requests/Get-Token.ps1']],
] as const

/** @returns what the sample prints, and the code it ends with. */
async function run(program: string, args: readonly string[], password: string, key = 'a-key') {
  const env = {
    ...minimalEnvironment(process.env),
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
