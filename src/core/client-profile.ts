/** The profile of a request that names none. */
export const DEFAULT_CLIENT = 'default'

/** Under which app registration, and for which resource, tokens are acquired. */
export interface ClientProfile {
  readonly name: string
  /** Tenant authority, lower case, no trailing slash: `https://login.microsoftonline.com/<tenant>`. */
  readonly authority: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** A confidential client has one of these, or an assertion; a public client none. */
  readonly clientSecret?: string | undefined
  readonly certificate?: ClientCertificate | undefined
  /** So few wrong passwords does the authority bear; absent: as many as the settings say. */
  readonly maxRefusedPasswords?: number | undefined
  /** The client proves who it is with a token of the broker's own managed identity; instead of a secret or a certificate. */
  readonly assertion?: 'managed_identity' | undefined
  /** How connections of this profile may come to a token. */
  readonly grants: readonly ConnectionGrant[]
  /** Names authority, client and scopes: a token acquired under another fingerprint is not this profile's. */
  readonly fingerprint: string
  /** Names authority and client: a refresh token acquired under another one is of no use to this profile. */
  readonly clientFingerprint: string
}

/** How a connection comes to a token without a password, in the words of RFC 6749. */
export const CONNECTION_GRANTS = ['authorization_code', 'client_credentials'] as const
export type ConnectionGrant = (typeof CONNECTION_GRANTS)[number]

export interface ClientCertificate {
  /** PEM, PKCS #8. */
  readonly privateKey: string
  /** PEM; the leaf first when it is a chain. */
  readonly certificate: string
}

export interface ClientProfiles {
  /** @throws {BrokerError} `unknown_client`, `misconfigured`, `temporarily_unavailable`. */
  get(name: string): Promise<ClientProfile>
}
