import type { TokenCredential } from '@azure/identity'

const API_VERSION = '2021-04-01'
const PATIENCE_IN_MS = 5 * 60_000
const PAUSE_IN_MS = 5_000

export interface ResourceProviderParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly credential: TokenCredential
  /** Azure Resource Manager's, e.g. `https://management.azure.com`. */
  readonly endpoint: string
  readonly subscriptionId: string
  readonly say: (line: string) => void
  readonly delay: (timeInMs: number) => Promise<unknown>
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number
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
  const { endpoint, subscriptionId, say, delay, elapsed } = parts
  const url = `${endpoint}/subscriptions/${subscriptionId}/providers/${namespace}`
  const call = async (method: 'GET' | 'POST', path: string): Promise<string> => {
    const token = await parts.credential.getToken(`${endpoint}/.default`)
    const response = await parts.fetch(`${url}${path}?api-version=${API_VERSION}`, {
      method,
      headers: { Authorization: `Bearer ${token?.token}` },
    })
    if (!response.ok) {
      throw new Error(
        `The resource provider ${namespace} is not registered in the subscription ${subscriptionId}, and could not be registered (HTTP ${response.status}). ` +
          `A private network needs it. Someone with the role Contributor registers it once: az provider register --namespace ${namespace} --subscription ${subscriptionId}`,
      )
    }
    return ((await response.json()) as { registrationState?: string }).registrationState ?? ''
  }
  if ((await call('GET', '')) === 'Registered') return
  say(`Registering the resource provider ${namespace}, which a private network needs.`)
  const startTime = elapsed()
  let state = await call('POST', '/register')
  while (state !== 'Registered') {
    if (elapsed() - startTime > PATIENCE_IN_MS) {
      throw new Error(`The resource provider ${namespace} is still ${state}. Try again in a few minutes.`)
    }
    await delay(PAUSE_IN_MS)
    state = await call('GET', '')
  }
}
