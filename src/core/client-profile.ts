/** Under which app registration, and for which resource, tokens are acquired. */
export interface ClientProfile {
  readonly name: string
  /** Tenant authority, lower case, no trailing slash: `https://login.microsoftonline.com/<tenant>`. */
  readonly authority: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** A confidential client has one of the two; a public client neither. */
  readonly clientSecret?: string | undefined
  readonly certificate?: ClientCertificate | undefined
  /** So few wrong passwords does the authority bear; absent: as many as the settings say. */
  readonly maxRefusedPasswords?: number | undefined
  /** Names authority, client and scopes: a token acquired under another fingerprint is not this profile's. */
  readonly fingerprint: string
}

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
