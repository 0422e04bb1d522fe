import type { ClientProfile } from '../../core/client-profile.ts'
import { createTokenEndpointTransport, TransportError } from './token-endpoint-transport.ts'

/**
 * Azure Resource Manager, by address or by application id.
 * https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication
 */
const MFA_MANDATED =
  /^(https:\/\/management\.(azure\.com|core\.windows\.net)|797f4846-ba00-4fd7-ba43-dac1f8f63013)(\/|$)/i

/**
 * Asks an authority for its description, by the way that tokens are asked for.
 *
 * @returns what time it says it is there, epoch milliseconds. Rejects with a fault whose `code` tells DNS, TLS and proxy apart.
 */
export function createAuthorityProbe(
  timeoutInMs: number,
): (authority: string) => Promise<number | undefined> {
  const transport = createTokenEndpointTransport(timeoutInMs)
  return async (authority) => {
    try {
      const url = `${authority}/v2.0/.well-known/openid-configuration`
      const { status, headers, body } = await transport(url, { method: 'GET', headers: {} })
      // A JSON 4xx is about the tenant, which is for the sign-in to tell. A page was written by something in between.
      const isAnswer = status < 500 && typeof body === 'object' && body !== null
      if (!isAnswer) throw new AuthorityFault(`status_${status}`)
      const time = Date.parse(headers['date'] ?? '')
      return Number.isNaN(time) ? undefined : time
    } catch (error) {
      if (error instanceof TransportError) throw new AuthorityFault(error.causeCode ?? error.fault)
      throw error
    }
  }
}

/** It cannot be reached; `code` is a constant. */
class AuthorityFault extends Error {
  override readonly name = 'AuthorityFault'
  readonly code: string
  constructor(code: string) {
    super('the authority gave no answer')
    this.code = code
  }
}

/** Whether Entra ID asks everybody for a second factor, who signs in to the profile's resource. */
export function needsMfa({ scopes }: ClientProfile): boolean {
  return scopes.some((scope) => MFA_MANDATED.test(scope))
}
