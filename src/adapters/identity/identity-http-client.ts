import { Agent } from 'node:http'
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline'

/**
 * The credential's HTTP client, which keeps the platform's managed-identity endpoint away from any proxy, whatever `NO_PROXY`
 * says: it is on the machine itself, out of a proxy's reach, and a proxy must see neither its secret header nor its tokens. It
 * alone is asked over plain HTTP. (A policy would be the place, but `ManagedIdentityCredential` drops those that it is given.)
 */
export function createIdentityHttpClient(): HttpClient {
  const client = createDefaultHttpClient()
  const direct = new Agent({ keepAlive: true, proxyEnv: {} })
  return {
    sendRequest: (request) => {
      if (request.url.startsWith('http:')) request.agent = direct
      return client.sendRequest(request)
    },
  }
}
