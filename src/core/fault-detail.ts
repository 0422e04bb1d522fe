/** A constant of a program: one word, as codes are. What a person wrote has spaces, and a secret is longer. */
const CONSTANT = /^[A-Za-z0-9_]{1,64}$/
const STATES_A_CONSTANT = /^(name|statusCode|error|code|errorCode)$/
/** How deep services nest their errors: fault, cause, body, error, inner error. */
const MAX_DEPTH = 5
const MAX_CONSTANTS = 8

/**
 * What a fault may say of itself in a log: its class, its status and its codes, and those of what it was caused by or holds, each
 * once. They are constants. Never a message.
 */
export function faultDetailOf(fault: unknown): string {
  const constants = new Set(constantsOf(fault, MAX_DEPTH))
  return [...constants].slice(0, MAX_CONSTANTS).join(' ')
}

function constantsOf(value: unknown, depth: number): string[] {
  if (typeof value !== 'object' || value === null || depth === 0) return []
  const { name, statusCode, code, cause, errors, ...rest } = value as Record<string, unknown>
  // An error's own name, cause and list of errors may be inherited or hidden: a spread does not show them.
  const members = Object.entries({ name, statusCode, code, ...rest, cause, errors })
  const own = members
    .filter(([key]) => STATES_A_CONSTANT.test(key))
    .flatMap(([, member]) => constantOf(member))
  return [...own, ...members.flatMap(([, member]) => constantsOf(member, depth - 1))]
}

function constantOf(value: unknown): string[] {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && CONSTANT.test(text) ? [text] : []
}
