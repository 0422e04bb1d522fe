import { BrokerError } from '../broker-error.ts'
import type { DeadGrant } from '../entry/token-entry.ts'
import type { NamedConnection } from './connection.ts'

/** Nobody has signed in yet. */
export function notConnectedError(connection: NamedConnection, link: string | undefined): BrokerError {
  return new BrokerError('interaction_required', {
    description: `The connection ${connection.name} is not connected yet.`,
    remedy: remedyFor(connection, link),
    logDetail: 'not connected',
  })
}

/** What was signed in with has ended, and only a person can begin anew. */
export function reconnectError(
  connection: NamedConnection,
  link: string | undefined,
  { aadsts = 0 }: Partial<Pick<DeadGrant, 'aadsts'>> = {},
): BrokerError {
  return new BrokerError('interaction_required', {
    description: `The sign-in behind the connection ${connection.name} has ended.`,
    remedy: remedyFor(connection, link),
    ...(aadsts > 0 && { aadsts }),
    logDetail: 'dead_grant',
  })
}

function remedyFor({ owner, username }: NamedConnection, link: string | undefined): string {
  const whom = [owner, username].filter((name) => name !== undefined).join(', ')
  const where = link === undefined ? 'ask whoever runs the broker for its link' : `at ${link}`
  return `Connect it by signing in${whom && ` (${whom})`}: ${where}. The secret in the flow stays the same.`
}

export function notFoundError(): BrokerError {
  return new BrokerError('not_found', {
    description: 'There is no connection of this name.',
    remedy: 'GET /connections lists them.',
  })
}

export function takenError(): BrokerError {
  return new BrokerError('conflict', {
    description: 'There is a connection of this name with another client, grant or username.',
    remedy: 'Choose another name, or delete that connection.',
  })
}

export function beingWrittenError(): BrokerError {
  return new BrokerError('temporarily_unavailable', { logDetail: 'the connection is being written' })
}
