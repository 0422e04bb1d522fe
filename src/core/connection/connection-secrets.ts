/** What a connection's secret is, in whatever way it is made. */
export interface ConnectionSecrets {
  /** A new one: 256 random bits. */
  create(): string
  /** A password of this form never goes to Entra ID, however wrong it is. */
  isMeant(text: string): boolean
  /** Whether it is one, whole and without a slip. */
  isWhole(text: string): boolean
  digestOf(secret: string): string
  /** In constant time. */
  matches(digest: string, secret: string): boolean
}
