import type { ClientProfile } from '../client-profile.ts'
import type { ConnectionEntry, OpenedEntry } from './token-entry.ts'

export function isOfConnection(opened: OpenedEntry): opened is OpenedEntry<ConnectionEntry> {
  return opened.entry.renewal !== 'password'
}

/** Whether the profile still allows connections of this kind, and its client is the one that the tokens were given to. */
export function isRenewable(
  { renewal, clientFingerprint }: ConnectionEntry,
  profile: Pick<ClientProfile, 'grants' | 'clientFingerprint'>,
): boolean {
  const grant = renewal === 'ask_again' ? 'client_credentials' : 'authorization_code'
  return profile.grants.includes(grant) && profile.clientFingerprint === clientFingerprint
}
