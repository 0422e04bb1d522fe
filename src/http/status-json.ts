/** `GET /status/data`, as the status page reads it. Times are ISO 8601; no part of it names a user or holds a secret. */
export interface StatusJson {
  readonly generated_on: string
  readonly dependencies: readonly DependencyJson[]
  /** What is wrong although service goes on. */
  readonly problems: readonly string[]
  readonly entries: EntriesJson | UnavailableJson
  readonly connections: ConnectionsJson | UnavailableJson
  readonly activity: ActivityJson | UnavailableJson
}

export interface DependencyJson {
  readonly name: string
  /** `ok`, or in one word why not. */
  readonly state: string
  /** Only of what is not `ok`. */
  readonly remedy?: string
}

/** A part that could not be had. */
export interface UnavailableJson {
  readonly error: string
  readonly description: string
  readonly remedy: string
}

export interface EntriesJson {
  readonly read: number
  readonly is_cut: boolean
  readonly unreadable: number
  readonly expired: number
  readonly failing: number
  readonly step_minutes: number
  /** The last holds what lives longer, too. */
  readonly by_time_to_expiry: readonly number[]
  readonly on_passwords: {
    readonly count: number
    readonly by_client: Readonly<Record<string, number>>
    readonly shown: readonly AccountJson[]
  }
}

export interface ConnectionsJson {
  readonly read: number
  readonly is_cut: boolean
  readonly by_state: Readonly<Record<string, number>>
  /** Those that somebody must see to. */
  readonly concerns: readonly ConcernJson[]
}

export interface ConcernJson {
  readonly name: string
  readonly client: string
  readonly concern: 'dead' | 'dying' | 'never_connected'
  /** Since when; of one that is dying, until when. */
  readonly since: string
  readonly aadsts: number | null
  readonly remedy: string
}

export interface AccountJson {
  readonly user_hash: string
  readonly client: string
  readonly last_used: string
  readonly password_accepted_on: string
}

export interface ActivityJson {
  readonly hours: number
  readonly stretch_minutes: number
  readonly instances: number
  readonly lost_minutes: number
  readonly is_cut: boolean
  readonly last_tick: string | null
  readonly stretches: readonly StretchJson[]
  readonly totals: FiguresJson
  readonly actions: Readonly<Record<string, number>>
  readonly warnings: Readonly<Record<string, number>>
  readonly sweeps: SweepsJson
  readonly failures: readonly FailureJson[]
}

export interface FiguresJson {
  /** Tokens from memory or from the table. */
  readonly hits: number
  /** Tokens for which Entra ID was asked. */
  readonly from_entra: number
  /** Answered with a status below 500. */
  readonly refused: number
  /** Answered with 500 or more. */
  readonly failed: number
  readonly provider_calls: number
}

export interface StretchJson extends FiguresJson {
  readonly from: string
  readonly ticks: number
  readonly refreshed: number
  readonly oldest_lag_ms: number
}

export interface SweepsJson {
  readonly ticks: number
  readonly failed_ticks: number
  readonly chunks: number
  readonly due: number
  readonly queued: number
  readonly refreshed: number
  readonly dropped: number
  readonly passed: number
  readonly failed: number
  readonly left: number
  readonly oldest_lag_ms: number
  readonly longest_tick_ms: number
}

export interface FailureJson {
  readonly of: 'requests' | 'refreshes'
  /** The broker's error, or the cause that the sweep gives. */
  readonly cause: string
  readonly aadsts: number | null
  readonly count: number
  readonly last_seen: string
  readonly description: string
  readonly remedy: string
}
