// Runs before `azd provision`: looks at what would otherwise fail ten minutes later.
import { setTimeout } from 'node:timers/promises'
import { createOperatorCredential } from './operator-credential.ts'
import { createResourceManager, endpointOf } from './resource-manager.ts'
import { registerResourceProvider } from './resource-provider.ts'

const { env: environment } = process
const say = (line: string) => void process.stderr.write(`${line}\n`)

try {
  const subscriptionId = environment['AZURE_SUBSCRIPTION_ID']
  if (!hasPrivateNetwork(environment['BROKER_NETWORK'])) process.exitCode = 0
  else if (!subscriptionId) {
    say(
      'AZURE_SUBSCRIPTION_ID is not set yet, so nobody looked whether the resource provider Microsoft.App is registered. ' +
        'A private network needs it: az provider register --namespace Microsoft.App',
    )
  } else {
    await registerResourceProvider('Microsoft.App', {
      resourceManager: createResourceManager({
        fetch,
        credential: createOperatorCredential(environment['AZURE_TENANT_ID']),
        endpoint: endpointOf(environment),
      }),
      subscriptionId,
      say,
      delay: setTimeout,
      elapsed: () => performance.now(),
    })
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

/** @throws {Error} when the parameter is not JSON, which azd would find out later. */
function hasPrivateNetwork(network: string | undefined): boolean {
  if (!network) return false
  try {
    return (JSON.parse(network) as { vnetEnabled?: boolean }).vnetEnabled === true
  } catch {
    throw new Error(`BROKER_NETWORK is not JSON. Example: azd env set BROKER_NETWORK '{"vnetEnabled": true}'`)
  }
}
