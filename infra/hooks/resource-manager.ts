import type { TokenCredential } from '@azure/identity'

export interface ResourceManagerOptions {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly credential: TokenCredential
  /** E.g. `https://management.azure.com`. */
  readonly endpoint: string
}

/** One call of Azure Resource Manager. The path has no slash in front, e.g. `subscriptions/…`. */
export type ResourceManager = (method: 'GET' | 'POST', path: string, apiVersion: string) => Promise<Response>

export function createResourceManager({
  fetch,
  credential,
  endpoint,
}: ResourceManagerOptions): ResourceManager {
  return async (method, path, apiVersion) => {
    const token = await credential.getToken(`${endpoint}/.default`)
    return fetch(`${endpoint}/${path}?api-version=${apiVersion}`, {
      method,
      headers: { Authorization: `Bearer ${token?.token}` },
    })
  }
}

/** The public cloud's, unless azd knows another: an output of the template, or before that `azd env set ARM_ENDPOINT …`. */
export function endpointOf(environment: Readonly<Record<string, string | undefined>>): string {
  return (environment['ARM_ENDPOINT'] || 'https://management.azure.com').replace(/\/+$/, '')
}
