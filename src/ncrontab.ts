/** Seconds, minutes, hours, days, months, days of the week. */
const RANGES: readonly (readonly [min: number, max: number])[] = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
]
const NAME = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)[a-z]*$/i

/**
 * Whether the Functions host reads it as a timer's schedule: six fields, or five without the seconds.
 * Source: https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
export function isNcrontab(expression: string): boolean {
  const fields = expression.split(/\s+/)
  if (fields.length !== 5 && fields.length !== 6) return false
  const ranges = RANGES.slice(-fields.length)
  return fields.every((field, index) =>
    field.split(',').every((part) => isPart(part, ranges[index] ?? [0, 0])),
  )
}

/** A value, all values, or some between two; of those every n-th. */
function isPart(part: string, [min, max]: readonly [number, number]): boolean {
  const [, values = '', step = '1'] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? []
  if (Number(step) < 1 || values === '') return false
  const bounds = values.split('-')
  if (values === '*') return true
  return (
    bounds.length <= 2 &&
    bounds.every((bound) =>
      /^\d+$/.test(bound) ? Number(bound) >= min && Number(bound) <= max : NAME.test(bound),
    )
  )
}
