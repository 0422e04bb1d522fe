import type { DueHint } from '../src/core/entry/due-index.ts'
import type { PersistOutcome } from '../src/core/provider/identity-provider.ts'
import type { ProviderFailure } from '../src/core/provider/provider-failure.ts'
import type { BrokeredToken } from '../src/core/request/brokered-token.ts'
import type { Issued } from './entra.ts'
import type { Outage } from './stimulus.ts'
import type { Row } from './storage.ts'

/** A call to Entra ID, from its beginning on. */
export interface Grant {
  readonly instance: string
  /** Of the entry: profile and user. */
  readonly key: string
  readonly user: string
  /** The one of the two that was sent. */
  readonly password?: string
  readonly refreshToken?: string
  readonly startTimestamp: number
}

export interface Answer {
  readonly instance: string
  readonly key: string
  readonly user: string
  readonly client: string
  readonly password: string
  readonly minValidInMs: number
  readonly startTimestamp: number
  /** The instance's own clock. */
  readonly instanceTimestamp: number
  /** One of the two. */
  readonly brokered?: BrokeredToken
  readonly error?: unknown
}

/** What the invariants look at, the moment it happens. */
export type Happening =
  /** Nothing is calm until then; `of`: what alone is out of order. */
  | { readonly kind: 'disturbed'; readonly until: number; readonly of?: Outage }
  /** How far the clocks are apart at most. */
  | { readonly kind: 'clocks'; readonly spreadInMs: number }
  | { readonly kind: 'profile'; readonly client: string; readonly audience: string | undefined }
  | { readonly kind: 'account'; readonly user: string }
  /** Rows that were sealed before may not open any more. */
  | { readonly kind: 'keys' }
  | { readonly kind: 'death'; readonly instance: string }
  /** A call to the tables or the index about the entry failed, or its answer was lost. */
  | { readonly kind: 'fault'; readonly of: 'tables' | 'index'; readonly key: string }
  | { readonly kind: 'request'; readonly key: string }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'asked'; readonly grant: Grant }
  /** By Entra ID; the answer may be lost yet. */
  | {
      readonly kind: 'judged'
      readonly grant: Grant
      readonly issued?: Issued
      readonly failure?: ProviderFailure
    }
  /** The answer has come, or the failure to get one. */
  | { readonly kind: 'returned'; readonly grant: Grant; readonly failure?: ProviderFailure }
  | { readonly kind: 'persisted'; readonly grant: Grant; readonly outcome: PersistOutcome }
  | { readonly kind: 'hinted' | 'unhinted'; readonly hint: DueHint }
  | { readonly kind: 'written' | 'removed'; readonly key: string; readonly row: Row }
