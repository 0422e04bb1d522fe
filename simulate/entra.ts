import type { FailureCategory, FailureScope, ProviderFailure } from '../src/core/provider/provider-failure.ts'
import { MINUTE, type AccountState } from './stimulus.ts'

/** Smart lockout: so many different bad passwords lock for a minute, then for twice as long. */
const BAD_BEFORE_LOCK = 10
/** Trying one of the last bad passwords again does not count. */
const BAD_REMEMBERED = 3

/** A refresh token of another client. */
export const ANOTHER_CLIENT = 70000

/** Stands for the user of a token that has none. */
export const applicationUserOf = ({ client }: Pick<Application, 'client'>) => `application of ${client}`

export interface Password {
  readonly password: string
  readonly from: number
  /** When it was replaced. */
  until: number
}

export interface Account {
  readonly user: string
  /** The present one is the last. */
  readonly passwords: Password[]
  state: AccountState
  /** Refresh tokens of before are dead. */
  revokedAt: number
  lockedUntil: number
  bad: string[]
  badCount: number
  locks: number
}

/** What Entra ID knows of a token that it gave. */
export interface Issued {
  readonly id: string
  readonly user: string
  readonly client: string
  readonly audience: string
  readonly expiresOnTimestamp: number
  readonly lifetimeInMs: number
  readonly refreshToken: string
  /** The id of the connection that it was signed in for. */
  readonly connection?: string | undefined
}

interface RefreshGrant {
  readonly user: string
  readonly clientId: string
  readonly isPublic: boolean
  readonly at: number
  readonly connection?: string | undefined
  /** How many passwords the user had had. */
  readonly passwords: number
}

/** For whom, and what for. */
export interface Application {
  readonly client: string
  readonly clientId: string
  readonly audience: string
  readonly isPublic: boolean
  readonly lifetimeInMs: number
}

/** What comes back with a browser: who signed in, and for which request. */
export interface SignInCode {
  readonly user: string
  readonly username: string
  readonly nonce: string
  /** The id in the link that was opened. */
  readonly connection: string
}

export type Judgement = { readonly issued: Issued } | { readonly failure: ProviderFailure }

export interface Entra {
  readonly accountOf: (user: string) => Account
  readonly changePassword: (user: string, password: string) => void
  readonly signIn: (user: string, password: string, application: Application) => Judgement
  readonly refresh: (refreshToken: string, application: Application) => Judgement
  readonly redeem: (code: SignInCode, nonce: string, application: Application) => Judgement
  /** The application's own token. */
  readonly issueToApplication: (application: Application) => Judgement
  /** All refresh tokens of the account die. */
  readonly revoke: (user: string) => void
  readonly issuedOf: (accessToken: string) => Issued | undefined
}

export function createEntra(time: () => number, firstPasswordOf: (user: string) => string): Entra {
  const accounts = new Map<string, Account>()
  const issuedTokens = new Map<string, Issued>()
  const refreshGrants = new Map<string, RefreshGrant>()

  function accountOf(user: string): Account {
    const known = accounts.get(user)
    if (known) return known
    const passwords = [{ password: firstPasswordOf(user), from: -Infinity, until: Infinity }]
    const account: Account = {
      user,
      passwords,
      state: 'well',
      revokedAt: -Infinity,
      lockedUntil: 0,
      bad: [],
      badCount: 0,
      locks: 0,
    }
    accounts.set(user, account)
    return account
  }

  function issue({ user, passwords }: Account, application: Application, connection?: string) {
    const { client, clientId, audience, isPublic, lifetimeInMs } = application
    const id = `t${issuedTokens.size}`
    // The one before stays good: Entra ID does not take it back.
    const refreshToken = `r${refreshGrants.size}`
    const grant = { user, clientId, isPublic, at: time(), connection, passwords: passwords.length }
    refreshGrants.set(refreshToken, grant)
    const expiresOnTimestamp = time() + lifetimeInMs
    const issued: Issued = {
      id,
      user,
      client,
      audience,
      expiresOnTimestamp,
      lifetimeInMs,
      refreshToken,
      connection,
    }
    issuedTokens.set(id, issued)
    return { issued }
  }

  function countBad(account: Account, password: string): void {
    if (account.bad.includes(password)) return
    account.bad = [password, ...account.bad].slice(0, BAD_REMEMBERED)
    if (++account.badCount < BAD_BEFORE_LOCK) return
    account.badCount = 0
    account.lockedUntil = time() + MINUTE * 2 ** Math.min(account.locks++, 6)
  }

  return {
    accountOf,
    changePassword(user, password) {
      const { passwords } = accountOf(user)
      const present = passwords.at(-1)
      if (present) present.until = time()
      passwords.push({ password, from: time(), until: Infinity })
    },
    signIn(user, password, application) {
      const account = accountOf(user)
      if (account.state === 'throttled') return throttled
      if (account.state === 'on_premises') return onPremises
      if (account.state === 'locked') account.lockedUntil = time() + MINUTE
      if (time() < account.lockedUntil) return failed('account_locked', 50053)
      if (password !== account.passwords.at(-1)?.password) {
        countBad(account, password)
        return failed('invalid_credentials', 50126)
      }
      const ailment = ailmentOf(account)
      if (ailment) return ailment
      Object.assign(account, { badCount: 0, bad: [], locks: 0 })
      return issue(account, application)
    },
    refresh(refreshToken, application) {
      const grant = refreshGrants.get(refreshToken)
      if (!grant || grant.clientId !== application.clientId) return failed('dead_grant', ANOTHER_CLIENT)
      const account = accountOf(grant.user)
      if (account.state === 'throttled') return throttled
      const isOld = grant.isPublic && grant.passwords !== account.passwords.length
      if (isOld || grant.at <= account.revokedAt) return failed('dead_grant', 50173)
      // Whoever signed in in a browser has shown every factor.
      const isWell = account.state === 'mfa' && grant.connection !== undefined
      const ailment = isWell ? undefined : ailmentOf(account)
      return ailment ?? issue(account, application, grant.connection)
    },
    redeem({ user, nonce, connection }, expected, application) {
      if (nonce !== expected) return failed('interaction_required', 501481)
      return ailmentOf(accountOf(user)) ?? issue(accountOf(user), application, connection)
    },
    issueToApplication: (application) => issue(accountOf(applicationUserOf(application)), application),
    revoke: (user) => void (accountOf(user).revokedAt = time()),
    issuedOf: (accessToken) => issuedTokens.get(accessToken),
  }
}

function ailmentOf({ state }: Account): Judgement | undefined {
  if (state === 'disabled') return failed('account_disabled', 50057)
  if (state === 'mfa') return failed('interaction_required', 50076)
  return state === 'expired' ? failed('password_change_required', 50055) : undefined
}

export function failureOf(
  category: FailureCategory,
  scope: FailureScope,
  judgement: ProviderFailure['judgement'],
  more: Pick<ProviderFailure, 'aadsts' | 'retryAfterInMs'> = {},
): ProviderFailure {
  return { category, scope, judgement, isHeldBack: false, detail: category, ...more }
}

function failed(category: FailureCategory, aadsts: number): Judgement {
  return { failure: failureOf(category, 'account', 'judged', { aadsts }) }
}

const throttled: Judgement = {
  failure: failureOf('temporarily_unavailable', 'service', 'not_judged', { retryAfterInMs: 5 * MINUTE }),
}

const onPremises: Judgement = {
  failure: failureOf('temporarily_unavailable', 'on_premises', 'unknown', { aadsts: 80002 }),
}
