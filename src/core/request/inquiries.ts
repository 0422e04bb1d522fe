import { BrokerError } from '../broker-error.ts'
import type { ClientProfiles } from '../client-profile.ts'
import type { TokenEntryStore } from '../entry/token-entry-store.ts'
import { faultDetailOf } from '../fault-detail.ts'
import type { Inquiry } from './inquiry.ts'
import type { RowNames } from './row-names.ts'
import { userOf, type PasswordRequest } from './token-request.ts'

export interface Inquiries {
  /** Finds out once what a request needs all the way. @throws {BrokerError} */
  begin(request: PasswordRequest): Promise<Inquiry>
  /** The inquiry with the row as it is now. A store that fails is a warning. @throws {BrokerError} */
  withEntry(inquiry: Inquiry): Promise<Inquiry>
}

export interface InquiriesOptions extends RowNames {
  readonly profiles: ClientProfiles
  readonly store: TokenEntryStore
  readonly maxRefusedPasswords: number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
  /** How long a request may wait for what other instances do. */
  readonly waitLimitInMs: number
}

export function createInquiries(options: InquiriesOptions): Inquiries {
  return {
    async begin(request) {
      const waitUntil = options.elapsed() + options.waitLimitInMs
      const profile = await options.profiles.get(request.client)
      const user = userOf(request)
      const [entryKey, attempt] = await Promise.all([
        options.resolveEntryKey(request.client, user),
        options.resolveAttempt(profile.authority, user, request.password),
      ])
      const maxRefusedPasswords = profile.maxRefusedPasswords ?? options.maxRefusedPasswords
      return {
        request,
        profile,
        entryKey,
        attempt: { ...attempt, maxRefusedPasswords },
        waitUntil,
        stored: undefined,
        warnings: [],
      }
    },

    async withEntry(inquiry) {
      try {
        const stored = await options.store.read(inquiry.entryKey)
        return {
          ...inquiry,
          stored,
          warnings: stored && !stored.entry ? [{ code: 'stored_token_unreadable' }] : [],
        }
      } catch (error) {
        if (error instanceof BrokerError) throw error
        const detail = faultDetailOf(error)
        return { ...inquiry, stored: undefined, warnings: [{ code: 'token_store_unavailable', detail }] }
      }
    },
  }
}
