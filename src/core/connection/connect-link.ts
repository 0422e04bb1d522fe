import type { NamedConnection } from './connection.ts'

/** Where Entra ID sends the browser back to. */
export const CALLBACK_PATH = '/connect/callback'

/** Where a person connects it: permanent, and no credential. */
export type ConnectLink = (connection: Pick<NamedConnection, 'id' | 'grant'>) => string | undefined

/** @param publicUrl the broker's own address, without which nobody can be sent back to it. */
export function createConnectLink(publicUrl: string | undefined): ConnectLink {
  return ({ id, grant }) =>
    publicUrl === undefined || grant !== 'authorization_code' ? undefined : `${publicUrl}/connect/${id}`
}
