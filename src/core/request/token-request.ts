import type { Credentials } from '../provider/identity-provider.ts'

export interface TokenRequest extends Credentials {
  /** The client profile; absent: the usual one, or that of the connection. */
  readonly client?: string | undefined
  /** The caller needs at least this much of the token's life. */
  readonly minValidInMs: number
  /** GUID that Entra ID's sign-in log shows. */
  readonly correlationId: string
  /** Names who calls the broker; absent when that is not known. */
  readonly caller?: string | undefined
}

/** A request whose password is one. */
export type PasswordRequest = TokenRequest & { readonly client: string }

/** Entra ID does not tell user names apart by case. */
export function userOf({ username }: Pick<Credentials, 'username'>): string {
  return username.toLowerCase()
}
