/** A person's sign-in on its way: what the answer must agree with. It lies sealed in the person's browser, and nowhere else. */
export interface SignInAttempt {
  /** Of the connection. */
  readonly id: string
  readonly authority: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Epoch milliseconds. */
  readonly endTimestamp: number
}

/** What Entra ID sends back with the browser (RFC 6749, section 4.1.2). */
export interface SignInResponse {
  readonly state: string
  readonly code?: string | undefined
  /** The number behind `AADSTS`, when it was refused. */
  readonly aadsts?: number | undefined
}

/**
 * What became of a sign-in.
 * - `connected`: its tokens are stored.
 * - `expired`: the answer is no answer to a sign-in of this browser, or came too late, or came before.
 * - `wrong_account`: somebody else signed in. Nothing was changed.
 * - `refused`: Entra ID gave no token, for the reason that the code names.
 * - `unavailable`: something that the broker needs did not answer.
 * - `not_stored`: the tokens could not be stored.
 */
export type SignInOutcome =
  | { readonly kind: 'connected' | 'expired' | 'wrong_account' | 'unavailable' | 'not_stored' }
  | { readonly kind: 'refused'; readonly aadsts?: number | undefined }

/** Seals attempts for the way through the browser. */
export interface SealedAttempts {
  seal(attempt: SignInAttempt): Promise<string>
  /** @returns `undefined` for what no broker of these keys has sealed. */
  open(sealed: string): Promise<SignInAttempt | undefined>
}
