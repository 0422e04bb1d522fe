import type { HttpResponseInit } from '@azure/functions'
import type { EntryView, UserView } from '../core/operate/operators.ts'
import { isoOf } from './iso-time.ts'
import { NO_STORE_HEADERS } from './no-store-headers.ts'

export function jsonResponse(status: number, jsonBody: unknown): HttpResponseInit {
  return { status, headers: NO_STORE_HEADERS, jsonBody }
}

/** Times in ISO 8601, for people. */
export function entryJsonOf(view: EntryView): Readonly<Record<string, unknown>> {
  return {
    user_hash: view.userHash,
    client: view.client ?? null,
    is_readable: view.client !== undefined,
    expires_on: isoOf(view.expiresOnTimestamp),
    due: isoOf(view.dueTimestamp),
    last_used: isoOf(view.lastUsedTimestamp),
    password_accepted_on: view.renewal === 'password' ? isoOf(view.verifiedOnTimestamp) : null,
    by_password: view.renewal === undefined ? null : view.renewal === 'password',
    failures: view.failures,
  }
}

export function userJsonOf({ userHash, entry, guard }: UserView): Readonly<Record<string, unknown>> {
  return {
    user_hash: userHash,
    entry: entry ? entryJsonOf(entry) : null,
    refused_passwords: guard.refusedPasswords,
    locked_until: guard.lockedUntilTimestamp > 0 ? isoOf(guard.lockedUntilTimestamp) : null,
  }
}
