/** What a fault may say of itself in a log: its class, its status and its code, which are constants. Never its message. */
export function faultDetailOf(fault: unknown): string {
  const { name, statusCode, code } = Object(fault) as { name?: unknown; statusCode?: unknown; code?: unknown }
  return [name, statusCode, code]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join(' ')
}
