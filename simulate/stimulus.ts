import type { ConnectionGrant } from '../src/core/client-profile.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** What can be out of order for a while, for everybody. `connections`: their table alone. */
export type Outage = 'tables' | 'connections' | 'index' | 'queue' | 'vault' | 'entra' | 'throttling'

/** How an account is. `on_premises`: its domain's agent fails. `throttled`: it alone is asked to come later. `locked`: somebody else tries passwords elsewhere. */
export type AccountState = 'well' | 'disabled' | 'mfa' | 'expired' | 'on_premises' | 'throttled' | 'locked'

/** Who signs in for an account. `renamed`: the same one, called otherwise by now. `recreated`: another one, called the same. */
export type SignedInAs = 'right' | 'other' | 'renamed' | 'recreated'

/** What a caller sends in place of a password. `latest`: the secret that it knows. */
export type SentSecret = 'latest' | 'unmade' | 'cut' | 'capital' | 'as_user_name'

/** What comes to the broker and its world from outside. Taking one away leaves a scenario. */
export type Stimulus = { /** Milliseconds since the beginning. */ readonly at: number } & (
  | {
      readonly kind: 'request'
      readonly slot: number
      readonly user: string
      readonly client: string
      readonly password: string
      readonly minValidInMs: number
    }
  | { readonly kind: 'tick'; readonly slot: number }
  /** The instance dies at its so manieth call to the outside from now on, and another one takes its place. */
  | { readonly kind: 'crash'; readonly slot: number; readonly afterCalls: number }
  | { readonly kind: 'clock'; readonly slot: number; readonly skewInMs: number }
  /** `rate`: how many of the calls fail while it lasts. */
  | { readonly kind: 'outage'; readonly of: Outage; readonly rate: number; readonly until: number }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'account'; readonly user: string; readonly state: AccountState }
  | {
      readonly kind: 'profile'
      readonly client: string
      readonly audience: string | undefined
      /** Another app registration, from then on. */
      readonly clientId?: string
    }
  | {
      readonly kind: 'connect'
      readonly slot: number
      readonly connection: string
      readonly client: string
      readonly grant: ConnectionGrant
      readonly username: string | undefined
    }
  | {
      readonly kind: 'secret'
      readonly slot: number
      readonly connection: string
      readonly overlapInMs: number
    }
  | { readonly kind: 'disconnect'; readonly slot: number; readonly connection: string }
  | {
      readonly kind: 'sign_in'
      readonly slot: number
      /** Any instance may take the answer. */
      readonly answerSlot: number
      readonly connection: string
      readonly user: string
      readonly as: SignedInAs
      readonly takesInMs: number
    }
  | {
      readonly kind: 'ask'
      readonly slot: number
      readonly connection: string
      readonly sent: SentSecret
      /** Of whose secret, when it is another connection's. */
      readonly secretOf: string
      /** So late the caller learns of another secret. */
      readonly lagInMs: number
      readonly calledBy: string
      readonly client: string | undefined
      readonly minValidInMs: number
    }
  /** Every refresh token of the account dies. */
  | { readonly kind: 'revoke'; readonly user: string }
  | { readonly kind: 'grants'; readonly client: string; readonly grants: readonly ConnectionGrant[] }
  | { readonly kind: 'key'; readonly version: number; readonly oldest: number }
)

/** An app registration, as it is at first. */
export interface Registration {
  readonly client: string
  /** A public client's refresh tokens die with the password. */
  readonly isPublic: boolean
  readonly lifetimeInMs: number
  /** What may be connected, at first. */
  readonly grants: readonly ConnectionGrant[]
}

/** What is to be connected. */
export interface PlannedConnection {
  readonly name: string
  readonly client: string
  readonly grant: ConnectionGrant
  /** The account that is to sign in, without its domain. */
  readonly user: string
  readonly username: string | undefined
}

/** Who is there, and for how long. */
export interface Cast {
  readonly seed: number
  readonly durationInMs: number
  /** How many instances there are at a time. */
  readonly slots: number
  readonly users: readonly string[]
  readonly registrations: readonly Registration[]
  readonly connections: readonly PlannedConnection[]
}

/** What a user's password is after so many changes. */
export const passwordOf = (user: string, changes: number) => `${user}-right-${changes}`

/** What a service account is called. */
export const usernameOf = (user: string) => `${user}@contoso.com`
