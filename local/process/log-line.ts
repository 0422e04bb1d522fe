/** Fields that are shown without their name, in this order; the others follow as `name=value`. */
const plain = ['status', 'action', 'error'] as const

/** Said last, and only where it helps to find the request elsewhere. */
const hidden: ReadonlySet<string> = new Set(['event', 'durationMs', 'correlationId', 'userHash', ...plain])

const shortLength = 8

const short = (value: unknown): string => String(value).slice(0, shortLength)

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * A line of the broker's log for people: time of day, event, what came of it, the rest by name. What is not one of its
 * structured lines stays as it is.
 *
 * @param now epoch milliseconds; shown in local time.
 */
export function readableLineOf(line: string, now: number): string {
  const fields = fieldsOf(line)
  if (!fields) return line
  const { durationMs, userHash, correlationId } = fields
  return [
    new Date(now).toTimeString().slice(0, 8),
    String(fields['event']).replaceAll('_', ' '),
    ...plain.flatMap((name) => (fields[name] === undefined ? [] : [shown(fields[name])])),
    ...Object.entries(fields)
      .filter(([name]) => !hidden.has(name))
      .map(([name, value]) => `${name}=${shown(value)}`),
    ...(userHash === undefined ? [] : [`user=${short(userHash)}`]),
    ...(durationMs === undefined ? [] : [`${shown(durationMs)} ms`]),
    ...(correlationId === undefined ? [] : [`id=${short(correlationId)}`]),
  ].join('  ')
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const fields = JSON.parse(line) as Record<string, unknown>
    return 'event' in fields ? fields : undefined
  } catch {
    return undefined
  }
}
