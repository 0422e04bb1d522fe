/** RFC 6749, section 5.1: no cache may keep an answer that holds a token. An error must not be kept either. */
export const NOT_CACHED = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
} as const
