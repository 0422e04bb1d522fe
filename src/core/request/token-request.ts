import type { Credentials } from '../provider/identity-provider.ts'

export interface TokenRequest extends Credentials {
  readonly client: string
  /** The caller needs at least this much of the token's life. */
  readonly minValidInMs: number
  /** GUID that Entra ID's sign-in log shows. */
  readonly correlationId: string
  /** Names who calls the broker; absent when that is not known. */
  readonly caller?: string | undefined
}

/** Entra ID does not tell user names apart by case. */
export function userOf({ username }: Pick<Credentials, 'username'>): string {
  return username.toLowerCase()
}
