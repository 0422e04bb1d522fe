import type { ClientProfile } from '../client-profile.ts'
import type { EntryWriter } from '../entry/entry-writer.ts'
import type { Acquired, IdentityProvider } from '../provider/identity-provider.ts'
import type { Pauses } from '../provider/pauses.ts'
import { brokerErrorOf, IdentityProviderError } from '../provider/provider-failure.ts'
import type { Connection } from './connection.ts'

export interface ApplicationGrantOptions {
  readonly writer: EntryWriter
  readonly identityProvider: IdentityProvider
  readonly pauses: Pauses
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The application's own token, by the client's credential; kept as the entry of the connection. @throws {BrokerError} */
export type ApplicationGrant = (
  connection: Pick<Connection, 'id'>,
  profile: ClientProfile,
  call: {
    /** Of the entry that is replaced. */
    readonly etag: string | undefined
    readonly correlationId: string
  },
) => Promise<Acquired & { readonly sentOnTimestamp: number }>

export function createApplicationGrant(options: ApplicationGrantOptions): ApplicationGrant {
  const { writer, identityProvider, pauses, now } = options
  return async ({ id }, profile, { etag, correlationId }) => {
    const sentOnTimestamp = now()
    const { name: client, fingerprint, clientFingerprint } = profile
    const persist = writer.persistAccepted(id, etag, async (serializedCache) => ({
      renewal: 'ask_again',
      client,
      fingerprint,
      clientFingerprint,
      verifiedOnTimestamp: sentOnTimestamp,
      serializedCache,
    }))
    try {
      const acquired = await pauses.run({ profile, entryKey: id }, () =>
        identityProvider.acquireByClientCredentials(profile, persist, correlationId),
      )
      return { ...acquired, sentOnTimestamp }
    } catch (error) {
      throw error instanceof IdentityProviderError ? brokerErrorOf(error.failure, correlationId) : error
    }
  }
}
