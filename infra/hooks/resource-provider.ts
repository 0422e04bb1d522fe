import type { ResourceManager } from './resource-manager.ts'
import type { Waiting } from './waiting.ts'

const API_VERSION = '2021-04-01'
const PATIENCE_IN_MS = 5 * 60_000
const PAUSE_IN_MS = 5_000

export interface ResourceProviderParts extends Waiting {
  readonly resourceManager: ResourceManager
  readonly subscriptionId: string
}

/**
 * Registers a resource provider in the subscription, when it is not registered, and waits until it is. A deployment registers
 * those of its own resources alone, not the one that a subnet is merely delegated to.
 *
 * @throws {Error} that names the cure, when the right to register is missing.
 */
export async function registerResourceProvider(
  namespace: string,
  parts: ResourceProviderParts,
): Promise<void> {
  const { resourceManager, subscriptionId, say, delay, elapsed } = parts
  const provider = `subscriptions/${subscriptionId}/providers/${namespace}`
  const stateOf = async (response: Response, failure: string): Promise<string> => {
    if (!response.ok) {
      throw new Error(
        `${failure} in the subscription ${subscriptionId} (HTTP ${response.status}). A private network needs it. ` +
          `Someone with the role Contributor registers it once: az provider register --namespace ${namespace} --subscription ${subscriptionId}`,
      )
    }
    return ((await response.json()) as { registrationState?: string }).registrationState ?? ''
  }
  const read = async () =>
    stateOf(
      await resourceManager('GET', provider, API_VERSION),
      `Nobody knows whether the resource provider ${namespace} is registered`,
    )
  if ((await read()) === 'Registered') return
  say(`Registering the resource provider ${namespace}, which a private network needs.`)
  const startTime = elapsed()
  let state = await stateOf(
    await resourceManager('POST', `${provider}/register`, API_VERSION),
    `The resource provider ${namespace} is not registered, and could not be,`,
  )
  while (state !== 'Registered') {
    if (elapsed() - startTime > PATIENCE_IN_MS) {
      throw new Error(`The resource provider ${namespace} is still ${state}. Try again in a few minutes.`)
    }
    await delay(PAUSE_IN_MS)
    state = await read()
  }
}
