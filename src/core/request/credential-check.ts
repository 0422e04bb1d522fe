import type { OpenedEntry, PasswordEntry } from '../entry/token-entry.ts'
import type { Inquiry } from './inquiry.ts'
import { checkOf } from './password-check.ts'
import type { QueuedVerifiers } from './password-verifiers.ts'

/**
 * The entry, if it is the profile's and its password is the one of the request. A wrong password does the same work with and
 * without an entry: of 256 one costs a hash.
 *
 * @throws {BrokerError} `too_many_requests` when too many wait for a hash.
 */
export type CredentialCheck = (inquiry: Inquiry) => Promise<OpenedEntry<PasswordEntry> | undefined>

export function createCredentialCheck(verifiers: QueuedVerifiers): CredentialCheck {
  return async ({ stored, profile, entryKey, attempt, request }) => {
    const isOfProfile = stored?.entry?.fingerprint === profile.fingerprint
    const entry = isOfProfile && stored.entry?.renewal === 'password' ? stored.entry : undefined
    // Without an entry the byte comes from the row's name, and an equal one costs a hash for nothing.
    if (checkOf(attempt.digest) !== (entry?.passwordCheck ?? checkOf(entryKey))) return undefined
    const isMatch = await verifiers.matches(
      entry?.passwordVerifier ?? NO_VERIFIER,
      request.password,
      entryKey,
    )
    return stored && entry && isMatch ? { ...stored, entry } : undefined
  }
}

/** A verifier of the usual cost that matches nothing: salt and hash are zeros. */
const NO_VERIFIER = `$scrypt$ln=15,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`
