export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** What can be out of order for a while, for everybody. */
export type Outage = 'tables' | 'index' | 'queue' | 'vault' | 'entra' | 'throttling'

/** How an account is. `on_premises`: its domain's agent fails. `throttled`: it alone is asked to come later. `locked`: somebody else tries passwords elsewhere. */
export type AccountState = 'well' | 'disabled' | 'mfa' | 'expired' | 'on_premises' | 'throttled' | 'locked'

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
  | { readonly kind: 'profile'; readonly client: string; readonly audience: string | undefined }
  | { readonly kind: 'key'; readonly version: number; readonly oldest: number }
)

/** An app registration, as it is at first. */
export interface Registration {
  readonly client: string
  /** A public client's refresh tokens die with the password. */
  readonly isPublic: boolean
  readonly lifetimeInMs: number
}

/** Who is there, and for how long. */
export interface Cast {
  readonly seed: number
  readonly durationInMs: number
  /** How many instances there are at a time. */
  readonly slots: number
  readonly users: readonly string[]
  readonly registrations: readonly Registration[]
}

/** What a user's password is after so many changes. */
export const passwordOf = (user: string, changes: number) => `${user}-right-${changes}`
