import { DEFAULT_CLIENT } from '../client-profile.ts'
import type { BrokeredToken, TokenSource } from '../request/brokered-token.ts'
import type { PasswordRequest, TokenRequest } from '../request/token-request.ts'
import type { ConnectionSecrets } from './connection-secrets.ts'

/** Passwords go one way, secrets of connections the other: no secret is ever sent to Entra ID, in whichever field it stands. */
export function withConnections(options: {
  readonly byPassword: (request: PasswordRequest) => Promise<BrokeredToken>
  readonly byConnection: TokenSource
  readonly isByConnection: (request: TokenRequest) => boolean
}): TokenSource {
  return (request) =>
    options.isByConnection(request)
      ? options.byConnection(request)
      : options.byPassword({ ...request, client: request.client ?? DEFAULT_CLIENT })
}

/** No secret has an `@`: what has one is an account, whatever its name begins with. */
export function createIsByConnection(secrets: ConnectionSecrets): (request: TokenRequest) => boolean {
  return ({ username, password }) =>
    secrets.isMeant(password) || (secrets.isMeant(username) && !username.includes('@'))
}
