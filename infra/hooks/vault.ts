import { RestError, type SecretClient, type SecretClientOptions } from '@azure/keyvault-secrets'
import type { Waiting } from './waiting.ts'

/** A role that was assigned a moment ago takes up to ten minutes to work. */
const RIGHT_PATIENCE_IN_MS = 10 * 60_000
/** The name of a new vault takes a moment to be known; a proxy that lets nothing through stays as it is. */
const NAME_PATIENCE_IN_MS = 60_000
const PAUSE_IN_MS = 10_000

const CLOSED_NETWORK = ['ForbiddenByFirewall', 'ForbiddenByConnection']
const NO_CONNECTION = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH']

/** A vault's secrets, by name; no value is ever read. */
export interface Vault {
  /** Names that are taken, disabled secrets among them. */
  names(): Promise<readonly string[]>
  /** Names that wait in the recycle bin: they cannot be set until they are recovered. */
  deletedNames(): Promise<readonly string[]>
  recover(name: string): Promise<void>
  set(name: string, value: string, contentType: string): Promise<void>
}

/** This machine's network does not lead to the vault. The deployment is as good as it was. */
export class ClosedVaultError extends Error {
  override readonly name = 'ClosedVaultError'
}

/** Nobody gave this account the right to write secrets. */
export class RefusedByVaultError extends Error {
  override readonly name = 'RefusedByVaultError'
}

/** A 403 and why: the SDK's own error for a list that is refused says no more than the status. */
class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError'
  readonly reason: string
  constructor(reason: string) {
    super(`Key Vault: ${reason}`)
    this.reason = reason
  }
}

/** For the client that {@link createVault} is given: keeps the reason of a 403. */
export const forbiddenReasonPolicy: NonNullable<SecretClientOptions['additionalPolicies']>[number] = {
  position: 'perCall',
  policy: {
    name: 'forbiddenReasonPolicy',
    async sendRequest(request, next) {
      const response = await next(request)
      if (response.status === 403) throw new ForbiddenError(reasonOf(response.bodyAsText))
      return response
    },
  },
}

function reasonOf(body: string | null | undefined): string {
  try {
    const { error } = JSON.parse(body ?? '') as { error?: { code?: string; innererror?: { code?: string } } }
    return error?.innererror?.code ?? error?.code ?? 'Forbidden'
  } catch {
    // Not the vault's own: a proxy on the way.
    return 'Forbidden'
  }
}

export interface VaultParts extends Waiting {
  readonly client: Pick<
    SecretClient,
    'listPropertiesOfSecrets' | 'listDeletedSecrets' | 'beginRecoverDeletedSecret' | 'setSecret'
  >
}

/**
 * The calls wait for rights and names that are on their way.
 *
 * @throws {ClosedVaultError | RefusedByVaultError} when they do not come; what the SDK throws for another reason.
 */
export function createVault({ client, say, delay, elapsed }: VaultParts): Vault {
  let hasSaid = false

  async function patiently<T>(call: () => Promise<T>): Promise<T> {
    const startTime = elapsed()
    for (;;) {
      try {
        return await call()
      } catch (error) {
        const obstacle = obstacleOf(error)
        if (obstacle === undefined) throw error
        if (elapsed() - startTime + PAUSE_IN_MS > obstacle.patienceInMs) throw obstacle.error
        if (!hasSaid) say(obstacle.waiting)
        hasSaid = true
        await delay(PAUSE_IN_MS)
      }
    }
  }

  return {
    names: () => patiently(() => namesOf(client.listPropertiesOfSecrets())),
    deletedNames: () => patiently(() => namesOf(client.listDeletedSecrets())),
    recover: (name) =>
      patiently(async () => {
        await (await client.beginRecoverDeletedSecret(name)).pollUntilDone()
      }),
    set: (name, value, contentType) =>
      patiently(async () => {
        await client.setSecret(name, value, { contentType })
      }),
  }
}

async function namesOf(secrets: AsyncIterable<{ readonly name: string }>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of secrets) names.push(name)
  return names
}

interface Obstacle {
  readonly error: Error
  readonly patienceInMs: number
  readonly waiting: string
}

function obstacleOf(error: unknown): Obstacle | undefined {
  if (error instanceof ForbiddenError && CLOSED_NETWORK.includes(error.reason)) {
    return {
      error: new ClosedVaultError(`is closed to this machine's network (${error.reason})`, { cause: error }),
      patienceInMs: 0,
      waiting: '',
    }
  }
  if (error instanceof ForbiddenError) {
    return {
      error: new RefusedByVaultError(`refuses this account (${error.reason})`, { cause: error }),
      patienceInMs: RIGHT_PATIENCE_IN_MS,
      waiting: 'Waiting for the right to write secrets, which takes up to 10 minutes to arrive.',
    }
  }
  const code = NO_CONNECTION.find(
    (each) => error instanceof RestError && (error.code === each || error.message.includes(each)),
  )
  if (code === undefined) return undefined
  return {
    error: new ClosedVaultError(`cannot be reached from this machine (${code})`, { cause: error }),
    patienceInMs: NAME_PATIENCE_IN_MS,
    waiting: 'Waiting for the name of the vault, which takes up to a minute to be known.',
  }
}
