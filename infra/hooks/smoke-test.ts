// Asks GET /ready of what azd has deployed until it answers 200. For pipelines; not a hook, because nothing is ready without a
// client profile, and the first one may be written later.
import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createOperatorCredential } from './operator-credential.ts'
import { waitUntilReady } from './readiness.ts'
import { createResourceManager, endpointOf } from './resource-manager.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)

try {
  const { stdout } = await promisify(execFile)('azd', ['env', 'get-values', '--output', 'json'], {
    // Whatever azd is there, a program or a batch file. No argument comes from outside.
    shell: process.platform === 'win32',
  })
  const values = JSON.parse(stdout) as Record<string, string>
  await waitUntilReady({
    fetch,
    resourceManager: createResourceManager({
      fetch,
      credential: createOperatorCredential(values['AZURE_TENANT_ID']),
      endpoint: endpointOf(values),
    }),
    site: `subscriptions/${values['AZURE_SUBSCRIPTION_ID']}/resourceGroups/${values['AZURE_RESOURCE_GROUP']}/providers/Microsoft.Web/sites/${values['AZURE_FUNCTION_NAME']}`,
    brokerUrl: values['BROKER_URL'] ?? '',
    hideFromLog: (key) => {
      if (process.env['GITHUB_ACTIONS'] === 'true') process.stdout.write(`::add-mask::${key}\n`)
    },
    say,
    delay: setTimeout,
    elapsed: () => performance.now(),
  })
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
