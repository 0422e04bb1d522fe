/** ISO 8601, for people. */
export function isoOf(timestamp: number | undefined): string | null {
  return timestamp === undefined ? null : new Date(timestamp).toISOString()
}
