import type { ConnectionGrant } from '../src/core/client-profile.ts'
import type { NamedConnection } from '../src/core/connection/connection.ts'
import type { SignInOutcome } from '../src/core/connection/sign-in.ts'
import type { DueHint } from '../src/core/entry/due-index.ts'
import type { PersistOutcome } from '../src/core/provider/identity-provider.ts'
import type { ProviderFailure } from '../src/core/provider/provider-failure.ts'
import type { BrokeredToken } from '../src/core/request/brokered-token.ts'
import type { Issued } from './entra.ts'
import type { Outage, SentSecret } from './stimulus.ts'
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
  /**
   * Of a connection, and how.
   * - `renewal`: what is stored is renewed, under the key of its entry.
   * - `sign_in`: a person's code is redeemed, or the refresh token that came of it is tried.
   * - `application`: the application's own token.
   */
  readonly connection?: 'renewal' | 'sign_in' | 'application'
  /** Of the request that it is for; empty when it is for none. */
  readonly correlationId?: string
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

/** To whoever sent a secret, or what he took for one. */
export interface SecretAnswer extends Pick<
  Answer,
  'instance' | 'minValidInMs' | 'startTimestamp' | 'instanceTimestamp' | 'brokered' | 'error'
> {
  readonly correlationId: string
  readonly secret: string
  readonly sent: SentSecret
  readonly calledBy: string
  readonly client: string | undefined
}

/** What an administrator did, from its beginning on. */
export interface Operation {
  readonly instance: string
  readonly connection: string
  readonly kind: 'connect' | 'secret' | 'disconnect'
  readonly client?: string
  readonly grant?: ConnectionGrant
  readonly overlapInMs?: number
  readonly startTimestamp: number
}

/** What an administrator was answered. */
export interface OperationAnswer {
  readonly id?: string | undefined
  readonly secret?: string | undefined
  readonly error?: unknown
}

/** What the invariants look at, the moment it happens. */
export type Happening =
  /** Nothing is calm until then; `of`: what alone is out of order. */
  | { readonly kind: 'disturbed'; readonly until: number; readonly of?: Outage }
  /** How far the clocks are apart at most. */
  | { readonly kind: 'clocks'; readonly spreadInMs: number }
  | {
      readonly kind: 'profile'
      readonly client: string
      readonly audience: string | undefined
      readonly clientId?: string
      readonly grants?: readonly ConnectionGrant[]
    }
  | { readonly kind: 'account'; readonly user: string }
  | { readonly kind: 'revoked'; readonly user: string }
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
  | { readonly kind: 'secret_sent'; readonly correlationId: string; readonly secret: string }
  | { readonly kind: 'secret_answer'; readonly answer: SecretAnswer }
  | { readonly kind: 'operated'; readonly operation: Operation }
  | { readonly kind: 'operation_answer'; readonly operation: Operation; readonly answer: OperationAnswer }
  | { readonly kind: 'connection_written' | 'connection_removed'; readonly connection: NamedConnection }
  | {
      readonly kind: 'signed_in'
      readonly id: string
      readonly user: string
      /** When the person was sent to Entra ID. */
      readonly startTimestamp: number
      readonly answeredTimestamp: number
      readonly outcome: SignInOutcome
    }
