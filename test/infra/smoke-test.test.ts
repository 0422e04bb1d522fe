import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { installAzd } from './azd-stand-in.ts'

const root = join(import.meta.dirname, '../..')
const KEY = 'f-k3y'
const SITE = 'subscriptions/s/resourceGroups/rg-x/providers/Microsoft.Web/sites/func-x'

/** Azure Resource Manager and the broker, both. */
let azure: Server
let url: string
let asked: string[]
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'smoke-'))
  asked = []
  azure = createServer(({ method, url: path = '', headers }, response) => {
    asked.push(
      `${method} ${path} ${String(headers['x-functions-key'] ?? headers.authorization?.split(' ')[0])}`,
    )
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(path === '/ready' ? { status: 'ready' } : { functionKeys: { default: KEY } }))
  })
  await new Promise<void>((resolve) => azure.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(azure.address() as AddressInfo).port}`
})
afterEach(async () => {
  azure.closeAllConnections()
  await new Promise((resolve) => azure.close(resolve))
  rmSync(folder, { recursive: true })
})

function run(
  environment: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { SystemRoot = '', ComSpec = '' } = process.env
  const env = { PATH: [folder, '/bin'].join(delimiter), SystemRoot, ComSpec, ...environment }
  const command = ['infra/hooks/run.cjs', 'infra/hooks/smoke-test.ts']
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env, cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

test('what azd has deployed is asked with its own key, which a workflow then hides', async () => {
  const azdCalls = installAzd(folder, {
    ARM_ENDPOINT: `${url}/`,
    AZURE_FUNCTION_NAME: 'func-x',
    AZURE_RESOURCE_GROUP: 'rg-x',
    AZURE_SUBSCRIPTION_ID: 's',
    AZURE_TENANT_ID: 'contoso',
    BROKER_URL: url,
  })
  expect(await run({ GITHUB_ACTIONS: 'true' })).toEqual({
    code: 0,
    stdout: `::add-mask::${KEY}\n`,
    stderr: `${url}/ready: 200 {"status":"ready"}\n`,
  })
  expect(asked).toEqual([
    `POST /${SITE}/host/default/listkeys?api-version=2023-12-01 Bearer`,
    `GET /ready ${KEY}`,
  ])
  expect(azdCalls()).toContain(`"--scope","${url}/.default","--tenant-id","contoso"`)
})

test('without azd the failure is said', async () => {
  const { code, stdout, stderr } = await run()
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('azd') })
})
