import type { Tally } from '../core/activity/activity-counts.ts'
import type { BrokerErrorCode } from '../core/broker-error.ts'
import { ERROR_ANSWERS } from './error-answers.ts'
import { wordsOf } from './error-response.ts'
import type { FailureJson } from './status-json.ts'

interface Words {
  readonly description: string
  readonly remedy: string
}

const IN_THE_LOG: Words = {
  description: 'A fault without an answer of its own.',
  remedy: 'Search the log for it: the field detail of its line says more.',
}

/** What an operator reads where a caller is told to ask one, and causes that no caller ever sees. */
const FOR_OPERATORS: Readonly<Record<string, Partial<Words>>> = {
  misconfigured: {
    remedy:
      'Search the log for this error: the field detail names the setting, the secret or the code of Entra ID.',
  },
  internal_error: {
    remedy: 'Search the log for this error and report it with the field detail; it names no user.',
  },
  held_back: {
    description: 'Entra ID was not asked, because it had failed or asked for a pause just before.',
    remedy: 'None: the next tick asks again. If it goes on, look for the failures beside this one.',
  },
  dead_grant: {
    description: 'The refresh token is worth nothing any more.',
    remedy: 'None: the next request signs in with its password.',
  },
  stored_token_unreadable: {
    description: 'The row is there and no key at hand opens it.',
    remedy: 'Enable the older versions of the secret token-cache-encryption-key again, or forget the entry.',
  },
  token_not_stored: {
    description: 'The token was refreshed and could not be written.',
    remedy: 'Look at the data account: its network rules, and the role of the app on it.',
  },
  token_too_large_to_store: {
    description: 'The sealed entry is over 900 KiB.',
    remedy: 'Ask for fewer scopes in the client profile, or forget the entry.',
  },
}

/** The most frequent first. */
export function failuresOf(
  of: FailureJson['of'],
  counts: Tally,
  lastSeenTimestamps: Readonly<Record<string, number>>,
): FailureJson[] {
  return Object.entries(counts)
    .map(([name, count]) => {
      const [cause = '', code] = of === 'requests' ? name.split(' ') : [name]
      const aadsts = code === undefined ? undefined : Number(code)
      const last_seen = new Date(lastSeenTimestamps[name] ?? 0).toISOString()
      return { of, cause, aadsts: aadsts ?? null, count, last_seen, ...operatorWordsOf(cause, aadsts) }
    })
    .toSorted((a, b) => b.count - a.count)
}

/** Whose failure a count is of: below 500 it is the caller's or the account's. */
export function isRefusal(name: string): boolean {
  const [cause = ''] = name.split(' ')
  return isCode(cause) && ERROR_ANSWERS[cause].status < 500
}

function operatorWordsOf(cause: string, aadsts: number | undefined): Words {
  const ownWords = FOR_OPERATORS[cause] ?? {}
  if (!isCode(cause)) return { ...IN_THE_LOG, ...ownWords }
  const { description, remedy } = ERROR_ANSWERS[cause]
  const ofCode = aadsts === undefined ? {} : wordsOf(cause, aadsts)
  return { description, remedy, ...ownWords, ...ofCode }
}

function isCode(cause: string): cause is BrokerErrorCode {
  return Object.hasOwn(ERROR_ANSWERS, cause)
}
