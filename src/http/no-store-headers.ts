/** RFC 6749, section 5.1: no cache may keep an answer that holds a token. An error must not be kept either. */
export const NO_STORE_HEADERS = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
} as const
